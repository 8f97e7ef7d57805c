import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import type { JsonObject } from "../../core/json.ts";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import { RESERVED_THREAD_IDS, type RunInput } from "../../core/run.ts";
import { historyMessage, userMessage, type ClientMessage } from "./history.ts";

const MAX_ID_LENGTH = 255;

/** A conversation longer than this is not sent whole with every request. */
const MAX_MESSAGES = 1_000;

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

const idSchema = z
  .string()
  .min(1)
  .max(MAX_ID_LENGTH)
  .refine((id) => !CONTROL.test(id) && id.isWellFormed());

const chatIdSchema = idSchema.refine((id) => !RESERVED_THREAD_IDS.has(id) && id !== "." && id !== "..");

const messageSchema = z.looseObject({
  id: idSchema,
  role: z.enum(["system", "user", "assistant"]),
  parts: z.array(z.looseObject({ type: z.string().max(MAX_ID_LENGTH) })),
});

const bodySchema = z.looseObject({
  id: chatIdSchema.optional(),
  messages: z.array(messageSchema).min(1),
  trigger: z.enum(["submit-message", "regenerate-message"]).optional(),
  messageId: idSchema.optional(),
  agentId: idSchema.optional(),
});

/** The body of a chat POST, as a schema. */
export function chatBodySchema(): JsonSchema {
  return embedded(z.toJSONSchema(bodySchema, { io: "input" }));
}

/** The body of a POST of DefaultChatTransport or WorkflowChatTransport. */
export interface ChatRequest {
  /** Left out by a WorkflowChatTransport that was not told otherwise. */
  readonly chatId?: string;
  readonly agentId?: string;
  readonly isRegeneration: boolean;
  readonly messageId?: string;
  readonly messages: readonly ClientMessage[];
}

/**
 * Reads the body of a chat POST.
 * @throws {HoldfastError} INPUT_INVALID, INPUT_TOO_LARGE
 */
export function decodeChatRequest(body: string): ChatRequest {
  const parsed = bodySchema.safeParse(parseJson(body));
  if (!parsed.success) {
    const path = pathText(parsed.error.issues[0]?.path ?? []);
    throw new HoldfastError("INPUT_INVALID", `The field ${path} of the body is missing or not valid.`, { details: { field: path } });
  }
  const { id, agentId, messageId, messages, trigger } = parsed.data;
  if (messages.length > MAX_MESSAGES) {
    throw new HoldfastError("INPUT_TOO_LARGE", `The body holds more than ${MAX_MESSAGES} messages; send the newest ones.`);
  }
  return {
    isRegeneration: trigger === "regenerate-message",
    messages,
    ...(id !== undefined && { chatId: id }),
    ...(agentId !== undefined && { agentId }),
    ...(messageId !== undefined && { messageId }),
  };
}

/**
 * What a run is started with. The thread of an agent with memory knows its history, so only the message that is new is taken; an
 * agent without memory gets the conversation that the client sent.
 * @throws {HoldfastError} INPUT_INVALID
 */
export function runInputOf(request: ChatRequest, hasMemory: boolean): RunInput {
  const { messages, isRegeneration, messageId } = request;
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  const last = messages[lastUser];
  if (last === undefined) throw new HoldfastError("INPUT_INVALID", "The field messages holds no message of the user.", { details: { field: "messages" } });
  const asked = userMessage(last, `messages[${lastUser}]`);
  const history = hasMemory ? [] : historyBefore(messages, lastUser);
  return {
    messages: [...history, asked],
    trigger: isRegeneration ? "regenerate" : "submit",
    ...(isRegeneration && messageId !== undefined && { replacesMessageId: messageId }),
  };
}

function historyBefore(messages: readonly ClientMessage[], end: number): readonly JsonObject[] {
  return messages.slice(0, end).flatMap((message, index) => historyMessage(message, `messages[${index}]`));
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new HoldfastError("INPUT_INVALID", "The body is not JSON.");
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`)).join("") || "(root)";
}
