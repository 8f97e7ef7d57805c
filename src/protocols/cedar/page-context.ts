import type { Json, JsonObject } from "../../core/json.ts";
import type { CedarMessage } from "./decode.ts";
import { isHumanInTheLoop } from "./human-in-the-loop.ts";
import { isObject } from "./values.ts";

/**
 * What a page tells of itself, without the state that holds its open questions, wherever it stands: an agent that knows of its setters could
 * try to answer in the name of the user.
 */
export function withoutQuestions(told: JsonObject): JsonObject {
  const kept = Object.entries(told).filter(([key, value]) => !isHumanInTheLoop(key) && !isOfQuestions(value));
  return Object.fromEntries(kept.map(([key, value]) => [key, pruned(value ?? null)]));
}

function pruned(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).filter((one) => !isOfQuestions(one)).map(pruned);
  return isObject(value) ? withoutQuestions(value) : value;
}

function isOfQuestions(value: Json | undefined): boolean {
  return isObject(value) && isHumanInTheLoop(value["stateKey"]);
}

/** What the model is told before the conversation; `additionalContext` is without the page's questions. */
export function notesOf({ systemPrompt }: CedarMessage, additionalContext: JsonObject): readonly string[] {
  const shown = shownOf(additionalContext);
  return [...(systemPrompt === undefined ? [] : [systemPrompt]), ...(shown === undefined ? [] : [noteOf(shown)])];
}

interface Shown {
  readonly context?: JsonObject;
  readonly setters?: Json;
  readonly schemas?: Json;
  readonly tools?: Json;
}

function shownOf(additionalContext: JsonObject): Shown | undefined {
  const { stateSetters, setters: _setters, schemas, frontendTools, ...context } = additionalContext;
  const shown: Shown = {
    ...(!isEmpty(context) && { context: mapped(context, dataOf) }),
    ...(!isEmpty(stateSetters) && { setters: stateSetters ?? null }),
    ...(!isEmpty(schemas) && { schemas: schemas ?? null }),
    ...(!isEmpty(frontendTools) && { tools: frontendTools ?? null }),
  };
  return Object.keys(shown).length === 0 ? undefined : shown;
}

function noteOf(shown: Shown): string {
  const lines = [`The user looks at a page. What it tells of itself, as JSON: ${JSON.stringify(shown)}`];
  const examples = [
    ...(shown.setters === undefined ? [] : ['{"type":"setState","stateKey":…,"setterKey":…,"args":…} executes a setter; args fits its argsSchema']),
    ...(shown.tools === undefined ? [] : ['{"type":"frontendTool","toolName":…,"args":…} executes a tool of the page; what it gives is not sent back']),
  ];
  if (examples.length > 0) {
    lines.push(
      `To act on the page, answer with nothing but a JSON object {"content": what you say, "actions": [what is to be done]}, where ${examples.join("; ")}.`,
    );
  }
  return lines.join("\n");
}

/** An entry is `{ data, source }`, or a list of such; what counts is the data. */
function dataOf(entry: Json): Json {
  if (Array.isArray(entry)) return (entry as readonly Json[]).map(dataOf);
  return isObject(entry) && entry["data"] !== undefined ? entry["data"] : entry;
}

function mapped(value: JsonObject, change: (inner: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner ?? null)]));
}

function isEmpty(value: Json | undefined): boolean {
  return !isObject(value) || Object.keys(value).length === 0;
}
