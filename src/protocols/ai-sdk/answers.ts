import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { InterruptAnswer } from "../../core/interrupt-store.ts";
import type { Json } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Answered, Engine } from "../../core/protocol.ts";
import type { ChatRequest } from "./decode.ts";
import type { ClientMessage } from "./history.ts";

/** What a client's message says about calls of its own: a decision about an approval, or what a tool of the page gave. */
export interface ClientAnswers {
  readonly messageId: string;
  readonly approvals: ReadonlyMap<string, Json>;
  readonly results: ReadonlyMap<string, Json>;
  /** The chat that the message says it was streamed in. */
  readonly threadId?: string;
}

// Interrupts of a thread that are looked at, the newest first: those of the run that asked last are among them.
const RECENT_INTERRUPTS = 100;

const approvedPart = z.object({
  state: z.literal("approval-responded"),
  approval: z.object({ id: z.string().min(1).max(255), approved: z.boolean(), reason: z.string().max(10_000).optional() }),
});
// What a tool of the page gives that returns nothing is no field in JSON.
const outputPart = z.object({ state: z.literal("output-available"), toolCallId: z.string().min(1).max(255), output: z.unknown().optional() });
const errorPart = z.object({ state: z.literal("output-error"), toolCallId: z.string().min(1).max(255), errorText: z.string() });
const streamedMessage = z.object({ metadata: z.object({ threadId: z.string().min(1).max(255) }) });

/** Reads what the last message answers, or the one that the client names; `undefined` for a message of the user's. */
export function clientAnswers({ messages, isRegeneration, messageId }: ChatRequest): ClientAnswers | undefined {
  // A question stays open while the conversation goes on, and its answer then stands further up.
  const named = messages.find(({ id, role }) => id === messageId && role === "assistant");
  const answering = named ?? messages[messages.length - 1];
  if (isRegeneration || answering?.role !== "assistant") return undefined;
  return answersIn(answering);
}

function answersIn(message: ClientMessage): ClientAnswers {
  const approvals = new Map<string, Json>();
  const results = new Map<string, Json>();
  for (const part of message.parts) {
    if (!part.type.startsWith("tool-") && part.type !== "dynamic-tool") continue;
    const approved = approvedPart.safeParse(part).data?.approval;
    if (approved) approvals.set(approved.id, { approved: approved.approved, ...(approved.reason !== undefined && { reason: approved.reason }) });
    const output = outputPart.safeParse(part).data;
    // The body was JSON, so its unknown values are.
    if (output) results.set(output.toolCallId, { output: (output.output ?? null) as Json });
    const error = errorPart.safeParse(part).data;
    if (error) results.set(error.toolCallId, { error: error.errorText });
  }
  const threadId = streamedMessage.safeParse(message).data?.metadata.threadId;
  return { messageId: message.id, approvals, results, ...(threadId !== undefined && { threadId }) };
}

/**
 * Acts on the answers of a message. A client sends with each answer all that stand in its message, those of long ago too: only the
 * questions of the run that asked last are looked at, and what is executed is what the store holds of them.
 * @throws {HoldfastError} INTERRUPT_NOT_FOUND, INPUT_INVALID, ALREADY_ANSWERED, INTERRUPT_CLOSED
 */
export async function takeAnswers(engine: Engine, principal: Principal, chat: ChatRequest, answers: ClientAnswers): Promise<Answered> {
  const threadId = chat.chatId ?? (await threadOf(engine, principal, answers));
  const { interrupts } = await engine.listInterrupts(principal, { threadId, limit: RECENT_INTERRUPTS });
  const asked = interrupts.filter((interrupt) => interrupt.resourceId === principal.resourceId && answerTo(interrupt, answers) !== undefined);
  const newest = await newestOf(engine, principal, asked, answers);
  if (newest === undefined) throw nothingToAnswer();
  const given = asked
    .filter(({ runId }) => runId === newest.runId)
    .map((interrupt): InterruptAnswer => ({ interruptId: interrupt.id, answer: answerTo(interrupt, answers) ?? null }));
  return engine.answer(principal, given);
}

function answerTo({ kind, id, toolCallId }: Interrupt, { approvals, results }: ClientAnswers): Json | undefined {
  if (kind === "tool-approval") return approvals.get(id);
  return kind === "frontend-tool" ? results.get(toolCallId) : undefined;
}

/** The id of a call, unlike that of an approval, may stand in other messages of the chat too: what counts is the message that asked. */
async function newestOf(engine: Engine, principal: Principal, asked: readonly Interrupt[], { messageId }: ClientAnswers): Promise<Interrupt | undefined> {
  for (const interrupt of asked) {
    if (interrupt.kind === "tool-approval") return interrupt;
    const run = await engine.getRun(principal, interrupt.runId);
    if (run.messageId === messageId) return interrupt;
  }
  return undefined;
}

/** A WorkflowChatTransport may not name its chat; the question knows where it was asked, and the message where it was streamed. */
async function threadOf(engine: Engine, principal: Principal, { approvals, threadId }: ClientAnswers): Promise<string> {
  for (const id of [...approvals.keys()].toReversed()) {
    const interrupt = await engine.getInterrupt(principal, id).catch((error: unknown) => {
      if (HoldfastError.is(error) && error.code === "INTERRUPT_NOT_FOUND") return undefined;
      throw error;
    });
    if (interrupt !== undefined) return interrupt.threadId;
  }
  if (threadId !== undefined) return threadId;
  throw nothingToAnswer();
}

function nothingToAnswer(): HoldfastError {
  return new HoldfastError(
    "INTERRUPT_NOT_FOUND",
    "The last message answers no question of this chat; send a message of the user's, or an answer to what was asked.",
  );
}
