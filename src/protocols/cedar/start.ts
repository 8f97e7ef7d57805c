import type { Json, JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Run, RunInput } from "../../core/run.ts";
import type { CedarMessage } from "./decode.ts";
import { notesOf, withoutQuestions } from "./page-context.ts";
import { threadMeant } from "./unnamed-thread.ts";
import { isObject } from "./values.ts";

/** What answers a message that names neither a workflow nor an agent. */
export interface CedarOptions {
  /** Goes before `defaultAgent`. */
  readonly defaultWorkflow?: string;
  /** Unless given: the engine's own. */
  readonly defaultAgent?: string;
}

/** The name under which what a page sent is in the request context of an agent or a workflow. */
const CONTEXT_KEY = "cedar";

/**
 * Starts the run that a message asks for, of a workflow or of an agent.
 * @throws {HoldfastError} WORKFLOW_NOT_FOUND, AGENT_NOT_FOUND, and what {@link Engine.start} throws
 */
export async function startRun(
  engine: Engine,
  principal: Principal,
  message: CedarMessage,
  options: CedarOptions & { readonly idempotencyKey?: string },
): Promise<Run> {
  const { idempotencyKey } = options;
  const workflowId = message.workflowId ?? (message.agentId === undefined ? options.defaultWorkflow : undefined);
  const threadId = message.threadId === undefined ? undefined : await threadMeant(engine, principal, message.threadId);
  const { id: agentId, input } =
    workflowId === undefined
      ? await agentRun(engine, principal, message, options)
      : { id: engine.resolveWorkflow(workflowId).id, input: workflowInput(principal, message, threadId) };
  return engine.start(principal, {
    agentId,
    input,
    ...(threadId !== undefined && { threadId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
}

async function agentRun(
  engine: Engine,
  principal: Principal,
  message: CedarMessage,
  { defaultAgent, idempotencyKey }: CedarOptions & { readonly idempotencyKey?: string },
): Promise<{ readonly id: string; readonly input: RunInput }> {
  const { id } = await engine.resolveAgent(principal, message.agentId ?? defaultAgent);
  const { schema } = message;
  const additionalContext = contextOf(message);
  const notes = notesOf(message, additionalContext);
  // The same request again has to be the same message.
  const messageId = `cedar-${idempotencyKey ?? crypto.randomUUID()}`;
  return {
    id,
    input: {
      messages: [{ id: messageId, role: "user", parts: [{ type: "text", text: message.prompt }] }],
      trigger: "submit",
      context: { [CONTEXT_KEY]: told(message, additionalContext) },
      ...(notes.length > 0 && { notes }),
      ...(schema !== undefined && { outputSchema: schema }),
    },
  };
}

/**
 * A workflow gets what the page sent, and decides with its own schema what it takes of it. The owner is never the page's word, and the thread is called as
 * the server calls it: one that kept a conversation under the name of everybody's would show it to everybody.
 */
function workflowInput({ resourceId }: Principal, message: CedarMessage, threadId: string | undefined): RunInput {
  const { prompt } = message;
  const fields = withoutQuestions(message.fields);
  const additionalContext = contextOf(message);
  const { systemPrompt, temperature, maxTokens } = message;
  const input: JsonObject = {
    ...fields,
    prompt,
    ...(systemPrompt !== undefined && { systemPrompt }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxTokens }),
    additionalContext,
    context: fields["context"] ?? additionalContext,
    resourceId,
    ...(threadId !== undefined && { threadId }),
  };
  return { messages: [], trigger: "submit", workflow: { input }, context: { [CONTEXT_KEY]: told(message, additionalContext) } };
}

function contextOf({ additionalContext }: CedarMessage): JsonObject {
  return additionalContext === undefined ? {} : withoutQuestions(additionalContext);
}

function told({ systemPrompt, temperature, maxTokens, fields }: CedarMessage, additionalContext: JsonObject): JsonObject {
  return {
    additionalContext,
    fields: withoutQuestions(fields),
    ...(systemPrompt !== undefined && { systemPrompt }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxTokens }),
  };
}

/** What the page told of itself when the run was started. */
export function additionalContextOf({ input }: Run): Json | undefined {
  const kept = input.context?.[CONTEXT_KEY];
  return isObject(kept) ? kept["additionalContext"] : undefined;
}
