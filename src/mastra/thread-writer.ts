import { MessageList, type Agent, type MastraDBMessage } from "@mastra/core/agent";
import type { MastraMemory } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import type { AttemptOutcome } from "../core/agent-source.ts";
import type { JsonObject } from "../core/json.ts";
import type { Run } from "../core/run.ts";
import type { ToolPart, Transcript, TranscriptPart } from "../core/transcript.ts";
import { answerMessage } from "../core/ui-message.ts";

/** The messages of a request as Mastra keeps them, under their own ids. */
export function inputMessages(run: Run): MastraDBMessage[] {
  return run.input.messages.map((message, index) => {
    // A message's place in the thread goes by its time; a millisecond apart keeps the order in which they were sent.
    const createdAt = new Date(run.createdAt + index - run.input.messages.length);
    return { ...toDbMessage(run, message, "input"), createdAt };
  });
}

/**
 * Puts the user's message into the thread and takes out what this run replaces: the answer that is regenerated, and what an
 * attempt before this one left of its own answer.
 */
export async function writeQuestion(agent: Agent, run: Run, requestContext: RequestContext): Promise<void> {
  const memory = await agent.getMemory({ requestContext });
  if (memory === undefined) return;
  const { threadId, resourceId } = run;
  if ((await memory.getThreadById({ threadId })) === null) await memory.createThread({ threadId, resourceId });
  if (run.input.trigger === "regenerate" || run.attempt > 1) {
    const stale = staleAnswers(run, await threadMessages(memory, run));
    if (stale.length > 0) await memory.deleteMessages([...stale]);
  }
  const messages = inputMessages(run);
  if (messages.length > 0) await memory.saveMessages({ messages });
}

/** Ids of the messages that must not be in the thread when an attempt begins. */
export function staleAnswers(run: Run, messages: readonly { readonly id: string; readonly role: string }[]): readonly string[] {
  const stale = new Set(messages.filter((message) => message.id === run.messageId).map((message) => message.id));
  if (run.input.trigger === "regenerate") {
    const { replacesMessageId } = run.input;
    const named = messages.findIndex((message) => message.id === replacesMessageId);
    // Without a name it is the answer to the last question; one that is named but gone was taken out before a crash.
    const from = replacesMessageId === undefined ? messages.findLastIndex((message) => message.role === "user") + 1 : named;
    if (from >= 0) for (const message of messages.slice(from)) if (!isInput(run, message.id)) stale.add(message.id);
  }
  return [...stale];
}

function isInput(run: Run, messageId: string): boolean {
  return run.input.messages.some((message) => message["id"] === messageId);
}

/**
 * Writes the answer of a run that did not end by itself into the thread, as the log has it. Mastra's own account of such an end
 * differs from case to case: trimmed, split in two, or missing.
 */
export async function writeAnswer(agent: Agent, run: Run, outcome: AttemptOutcome, transcript: Transcript, requestContext: RequestContext): Promise<void> {
  const memory = await agent.getMemory({ requestContext });
  if (memory === undefined) return;
  await memory.deleteMessages([run.messageId]).catch(ignoreMissing);
  const closed = withClosedTools(
    transcript,
    outcome.outcome === "failed" ? "The run failed before the tool ended." : "The run was canceled before the tool ended.",
  );
  if (!closed.steps.some((step) => step.parts.length > 0)) return;
  const message = toDbMessage(run, answerMessage(run.messageId, closed), "response");
  const mark = { holdfast: { runId: run.id, status: outcome.outcome === "failed" ? "failed" : "canceled" } };
  const content = { ...message.content, metadata: { ...message.content.metadata, ...mark } };
  await memory.saveMessages({ messages: [{ ...message, content, createdAt: new Date() }] });
}

// Deleting what is not there is what was wanted; a store that is down shows at the save that follows.
function ignoreMissing(): void {}

/** A tool call without an outcome makes a model refuse the conversation: the calls that never ended get one. */
export function withClosedTools(transcript: Transcript, message: string): Transcript {
  const close = (part: TranscriptPart): readonly TranscriptPart[] => {
    if (part.type === "text" || part.type === "reasoning") return part.text === "" ? [] : [part];
    if (part.type !== "tool" || part.state === "result" || part.state === "error" || part.state === "denied") return [part];
    const closed: ToolPart = { ...part, input: part.input ?? {}, state: "error", message };
    return [closed];
  };
  return { ...transcript, steps: transcript.steps.map((step) => ({ ...step, parts: step.parts.flatMap(close) })) };
}

async function threadMessages(memory: MastraMemory, run: Run): Promise<readonly MastraDBMessage[]> {
  const { messages } = await memory.recall({ threadId: run.threadId, resourceId: run.resourceId, perPage: false });
  return messages;
}

function toDbMessage(run: Run, message: JsonObject, source: "input" | "response"): MastraDBMessage {
  const list = new MessageList({ threadId: run.threadId, resourceId: run.resourceId });
  list.add(message as unknown as Parameters<MessageList["add"]>[0], source);
  const [converted] = list.get.all.db();
  if (converted === undefined) throw new Error(`a message of run ${run.id} cannot be kept`);
  return { ...converted, threadId: run.threadId, resourceId: run.resourceId };
}
