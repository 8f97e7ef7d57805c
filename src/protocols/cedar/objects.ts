import type { Json, JsonObject } from "../../core/json.ts";
import { textFrames, type CedarFrame } from "./frame.ts";
import { isForgery } from "./human-in-the-loop.ts";
import { setterArgs, type Setter } from "./setter-args.ts";
import { isObject, textIn } from "./values.ts";

/** An answer that is an object: what it says, and what it does to the page. */
export interface Reply {
  readonly content: string | undefined;
  readonly objects: readonly Json[];
}

/** Where a structured answer keeps what it does to the page. */
const OBJECT_FIELDS = ["action", "actions", "object", "objects"] as const;

/** Reads `{ content, action }`, `{ content, actions }` or `{ content, object }`, with `text` for `content`; `undefined` for anything else. */
export function replyIn(value: Json | undefined): Reply | undefined {
  if (!isObject(value) || value["type"] !== undefined) return undefined;
  const content = textIn(value["content"]) ?? textIn(value["text"]);
  const objects = OBJECT_FIELDS.flatMap((field): readonly Json[] => {
    const given = value[field];
    if (Array.isArray(given)) return given as readonly Json[];
    return given === undefined || given === null ? [] : [given];
  }).filter((given) => isObject(given) && (typeof given["type"] === "string" || typeof given["stateKey"] === "string"));
  return content === undefined && objects.length === 0 ? undefined : { content, objects };
}

/** The frames of what an agent made for the page: one typed object, or several. What would touch the page's questions is dropped. */
export function objectFrames(value: Json | undefined, setters: readonly Setter[]): readonly CedarFrame[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap((one) => objectFrames(one, setters));
  if (!isObject(value) || isForgery(value)) return [];
  const type = textIn(value["type"]);
  const isAction = type === undefined || type.toLowerCase() === "action";
  if (isAction && typeof value["stateKey"] === "string" && typeof value["setterKey"] === "string") {
    return [{ kind: "object", object: setState(value, value["stateKey"], value["setterKey"], setters) }];
  }
  if (type === undefined || type === "") return [];
  // The stock client shows a text that stands beside a type twice.
  const { content, ...rest } = value;
  if (typeof content !== "string") return [{ kind: "object", object: value }];
  return type === "message" ? textFrames(content) : [...textFrames(content), { kind: "object", object: rest }];
}

/** Whether a tool that only reports its progress means the page by it. */
export function isForPage(value: Json | undefined): boolean {
  return isObject(value) && PAGE_TYPES.has(textIn(value["type"]) ?? "");
}

const PAGE_TYPES: ReadonlySet<string> = new Set(["setState", "action", "progress_update", "frontendTool", "message"]);

/** An `action` loses arguments that are no list, and hands a list to a setter that takes one value. */
function setState(action: JsonObject, stateKey: string, setterKey: string, setters: readonly Setter[]): JsonObject {
  const setter = setters.find((known) => known.stateKey === stateKey && known.setterKey === setterKey);
  const args = setterArgs(action["args"], setter);
  return { type: "setState", stateKey, setterKey, ...(args !== undefined && { args }) };
}
