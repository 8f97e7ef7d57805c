import { MessageList, type Agent, type MastraDBMessage } from "@mastra/core/agent";
import type { MastraMemory } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import type { AttemptOutcome } from "../core/agent-source.ts";
import type { JsonObject } from "../core/json.ts";
import { standInId, type Run } from "../core/run.ts";
import { isSettled, type NestedTranscript, type ToolPart, type Transcript, type TranscriptPart, type TranscriptStep } from "../core/transcript.ts";
import { answerMessage, subAgentCalls } from "../core/ui-message.ts";
import { SUB_AGENT_CALLS, uiMessage } from "./thread-messages.ts";

/** Mastra keeps what this tool of its own wrote elsewhere, and its calls out of every thread. */
const HIDDEN_TOOL = "updateWorkingMemory";

/**
 * The messages of a request as Mastra keeps them, under their own ids where no other thread has these. A message's place in a thread
 * goes by its time, and a run that had to wait was created before the answer that its question follows: so the time is that of the
 * writing, in milliseconds since the Unix epoch, the ones before it a millisecond apart, which keeps the order in which they were sent.
 */
export function inputMessages(run: Run, writtenAt: number, takenIds: ReadonlySet<string> = new Set()): MastraDBMessage[] {
  return run.input.messages.map((message, index) => {
    const sentId = message["id"] as string;
    const id = takenIds.has(sentId) ? standInId(run.threadId, sentId) : sentId;
    return { ...toDbMessage(run, { ...message, id }, "input"), createdAt: new Date(writtenAt + index + 1 - run.input.messages.length) };
  });
}

/**
 * Puts the user's message into the thread and takes out what this run replaces: the answer that is regenerated, and what stands behind a
 * message that is sent once more. `isAnswering`: an attempt has begun the answer, so all that was done; what others have put behind the question
 * since is theirs. Gives the messages as they stand there.
 */
export async function writeQuestion(agent: Agent, run: Run, requestContext: RequestContext, isAnswering: boolean): Promise<readonly MastraDBMessage[]> {
  const memory = await agent.getMemory({ requestContext });
  if (memory === undefined) return inputMessages(run, Date.now());
  const { threadId, resourceId } = run;
  const [thread, known] = await Promise.all([memory.getThreadById({ threadId }), knownInputs(memory, run)]);
  refuseForeign(thread, run);
  const takenIds = new Set(known.filter((message) => message.threadId !== threadId).map(({ id }) => id));
  const isThere = known.length > takenIds.size;
  // The question of a run that goes on is there since it, or the run before it, began, and keeps its place.
  if (run.parentRunId !== undefined || (isAnswering && isThere)) return asTheyStand(inputMessages(run, Date.now(), takenIds), known);
  if (thread === null) await memory.createThread({ threadId, resourceId });
  else if (!isAnswering && (run.input.trigger === "regenerate" || run.attempt > 1 || isThere)) {
    const stale = staleAnswers(run, await threadMessages(memory, run));
    if (stale.length > 0) await memory.deleteMessages([...stale]);
  }
  const messages = inputMessages(run, Date.now(), takenIds);
  if (messages.length > 0) await memory.saveMessages({ messages });
  return messages;
}

/**
 * Fails where somebody else owns the thread of a run by the agent's memory. The owner was looked at when the run was started; the thread may have
 * come since, and Mastra itself would read and write it.
 */
export async function checkThreadOwner(agent: Agent, run: Run, requestContext: RequestContext): Promise<void> {
  const memory = await agent.getMemory({ requestContext });
  if (memory !== undefined) refuseForeign(await memory.getThreadById({ threadId: run.threadId }), run);
}

function refuseForeign(thread: { readonly resourceId: string } | null, { id, resourceId }: Run): void {
  if (thread !== null && thread.resourceId !== resourceId) throw new Error(`the thread of run ${id} is another resource's`);
}

function asTheyStand(messages: readonly MastraDBMessage[], known: readonly MastraDBMessage[]): readonly MastraDBMessage[] {
  const writtenAt = new Map(known.map((message) => [message.id, message.createdAt]));
  return messages.map((message) => ({ ...message, createdAt: writtenAt.get(message.id) ?? message.createdAt }));
}

/** The messages that memory holds under the ids of the question, in any thread. */
async function knownInputs(memory: MastraMemory, run: Run): Promise<readonly MastraDBMessage[]> {
  const messageIds = [...ownIds(run)];
  return messageIds.length === 0 ? [] : messagesById(memory, messageIds);
}

async function messagesById(memory: MastraMemory, messageIds: string[]): Promise<readonly MastraDBMessage[]> {
  const store = await memory.storage.getStore("memory");
  return (await store?.listMessagesById({ messageIds }))?.messages ?? [];
}

/**
 * Ids of the messages that must not be in the thread when an attempt begins. What the attempt before it left of the run's own answer may
 * stay: the model is not shown it, and the answer is written over it. A deletion would block a process whose memory is LibSQL for seconds,
 * again and again where the process is killed meanwhile.
 */
export function staleAnswers(run: Run, messages: readonly { readonly id: string; readonly role: string }[]): readonly string[] {
  const own = new Set([...ownIds(run), run.messageId]);
  const stale = new Set<string>();
  if (run.input.trigger === "regenerate") {
    const { replacesMessageId } = run.input;
    const named = messages.findIndex((message) => message.id === replacesMessageId);
    // Without a name it is the answer to the last question; one that is named but gone was taken out before a crash.
    const from = replacesMessageId === undefined ? messages.findLastIndex((message) => message.role === "user") + 1 : named;
    if (from >= 0) for (const message of messages.slice(from)) if (!own.has(message.id)) stale.add(message.id);
  } else {
    // A message that is sent once more was edited, or its answer was lost: to its client nothing stands behind it.
    const again = messages.findIndex((message) => own.has(message.id));
    if (again >= 0) for (const message of messages.slice(again)) if (!own.has(message.id)) stale.add(message.id);
  }
  return [...stale];
}

function ownIds(run: Run): ReadonlySet<string> {
  return new Set(run.input.messages.flatMap(({ id }) => [id as string, standInId(run.threadId, id as string)]));
}

/**
 * Writes the answer of a run that did not end by itself into the thread, as the log has it. Mastra's own account of such an end
 * differs from case to case: trimmed, split in two, or missing. Of a run that is suspended the calls stay open.
 */
export async function writeAnswer(agent: Agent, run: Run, outcome: AttemptOutcome, transcript: Transcript, requestContext: RequestContext): Promise<void> {
  const memory = await agent.getMemory({ requestContext });
  if (memory === undefined) return;
  const thread = await memory.getThreadById({ threadId: run.threadId });
  if (thread !== null && thread.resourceId !== run.resourceId) return;
  const notes = outcome.outcome === "failed" ? errorNotes(run, await threadMessages(memory, run)) : [];
  if (notes.length > 0) await memory.deleteMessages([...notes]);
  const shown = withEndedTools(transcript, END_OF_TOOLS[outcome.outcome]);
  if (!shown.steps.some((step) => step.parts.some((part) => part.type === "text" || part.type === "tool" || part.type === "reasoning"))) return;
  const message = toDbMessage(run, answerMessage(run.messageId, shown), "response");
  const status = outcome.outcome === "aborted" ? "canceled" : outcome.outcome;
  const calls = subAgentCalls(shown);
  const mark = { holdfast: { runId: run.id, status, ...(calls.length > 0 && { [SUB_AGENT_CALLS]: calls }) } };
  const content = { ...message.content, metadata: { ...message.content.metadata, ...mark } };
  await memory.saveMessages({ messages: [{ ...message, content, createdAt: new Date() }] });
}

/**
 * Messages behind the question that hold nothing but Mastra's note of an error. It saves one under an id of its own when the model
 * fails before a part of the answer is complete, unless its memory is fenced by then.
 */
function errorNotes(run: Run, messages: readonly MastraDBMessage[]): readonly string[] {
  const own = ownIds(run);
  const asked = messages.findLastIndex((message) => own.has(message.id));
  const isNote = ({ id, role, content }: MastraDBMessage): boolean =>
    role === "assistant" && id !== run.messageId && content.parts.length > 0 && content.parts.every((part) => part.type === "error");
  return asked < 0 ? [] : messages.slice(asked).flatMap((message) => (isNote(message) ? [message.id] : []));
}

/** What a tool call that never ended is said to have come to. */
const END_OF_TOOLS: Readonly<Record<AttemptOutcome["outcome"], string | undefined>> = {
  completed: undefined,
  suspended: undefined,
  failed: "The run failed before the tool ended.",
  aborted: "The run was canceled before the tool ended.",
};

/** What the thread has of the answer of the run, as a UI message; an agent without memory keeps none. */
export async function keptAnswer(agent: Agent, run: Run, requestContext: RequestContext): Promise<JsonObject | "no-memory" | undefined> {
  const memory = await agent.getMemory({ requestContext });
  if (memory === undefined) return "no-memory";
  const [stored] = await messagesById(memory, [run.messageId]);
  return stored && (uiMessage(stored) ?? { parts: [] });
}

/**
 * Whether Mastra left out what a later step said in the very words of an earlier one, as it does when it saves. An answer in other words
 * than the log's is a processor's work, and stays.
 */
export function lacksRepeats(kept: JsonObject, transcript: Transcript): boolean {
  const shown = (kept["parts"] ?? []) as readonly JsonObject[];
  return (["text", "reasoning"] as const).some((type) => {
    const keptTexts = textsOf(shown, type);
    const saidTexts = textsOf(
      transcript.steps.flatMap(({ parts }) => parts),
      type,
    );
    return keptTexts.length < saidTexts.length && saidTexts.every((text) => keptTexts.includes(text));
  });
}

function textsOf(parts: readonly { readonly type?: unknown; readonly text?: unknown }[], type: "text" | "reasoning"): readonly string[] {
  return parts.flatMap((part) => (part.type === type && typeof part.text === "string" && part.text.trim() !== "" ? [part.text.trim()] : []));
}

/**
 * A tool call without an outcome makes a model refuse the conversation: the calls that never ended get one, unless they may still come to
 * theirs. What no thread shows goes.
 */
export function withEndedTools(transcript: Transcript, message: string | undefined): Transcript {
  const close = (part: TranscriptPart): readonly TranscriptPart[] => {
    if (part.type === "text" || part.type === "reasoning") return part.text === "" ? [] : [part];
    if (part.type === "tool" && part.toolName === HIDDEN_TOOL) return [];
    if (part.type !== "tool" || isSettled(part) || message === undefined) return [part];
    const closed: ToolPart = { ...part, input: part.input ?? {}, state: "error", message };
    return [closed];
  };
  const closed = (steps: readonly TranscriptStep[]): readonly TranscriptStep[] => steps.map((step) => ({ ...step, parts: step.parts.flatMap(close) }));
  const inside = (agent: NestedTranscript): NestedTranscript => ({
    steps: closed(agent.steps),
    nested: new Map([...agent.nested].map(([id, nested]) => [id, inside(nested)])),
  });
  return { ...transcript, ...inside(transcript) };
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
