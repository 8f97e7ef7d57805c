import type { AgentSource, StoredMessage, ThreadChange, ThreadRecord } from "./core/agent-source.ts";
import { HoldfastError } from "./core/error.ts";
import type { Interrupt } from "./core/interrupt.ts";
import type { JsonObject } from "./core/json.ts";
import { readLineage, readLog } from "./core/lineage.ts";
import type { Principal } from "./core/principal.ts";
import type { Thread } from "./core/protocol.ts";
import { isTerminal, standInId, type Run } from "./core/run.ts";
import type { RunStore, ThreadOwner } from "./core/store.ts";
import { transcriptOf } from "./core/transcript-fold.ts";
import { answerMessage, subAgentCalls, withSubAgentCalls } from "./core/ui-message.ts";
import { withQuestions } from "./core/ui-questions.ts";
import { newId } from "./run-start.ts";

const ACTIVE = ["pending", "running", "waiting"] as const;
// Runs of a thread that are looked at to tell which message came from which run.
const RECENT_RUNS = 100;

/** Threads as their owner sees them: the store knows who owns one and what runs on it, the agent's memory what was said. */
export class Threads {
  readonly #store: RunStore;
  readonly #source: AgentSource;

  constructor(store: RunStore, source: AgentSource) {
    this.#store = store;
    this.#source = source;
  }

  /**
   * A thread may have been made before anything ever ran on it here: the memory of some agent knows the owner then, and it need not be that of the
   * agent which is to run on it.
   * @throws {HoldfastError} THREAD_NOT_FOUND
   */
  async checkOwner(principal: Principal, threadId: string): Promise<void> {
    const owner = (await this.#store.getThread(threadId)) ?? (await this.#remembered(principal, threadId));
    if (owner !== undefined && owner.resourceId !== principal.resourceId) throw threadNotFound();
  }

  async get(principal: Principal, threadId: string): Promise<Thread> {
    return this.#show(principal, await this.#owned(principal, threadId));
  }

  async list(
    principal: Principal,
    query: { readonly cursor?: string; readonly limit: number },
  ): Promise<{ readonly threads: readonly Thread[]; readonly nextCursor?: string }> {
    const page = await this.#store.listThreads({ ...query, resourceId: principal.resourceId });
    const threads = await Promise.all(page.threads.map(async (owner) => this.#show(principal, await this.#ofAgent(principal, owner))));
    return { threads, ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }) };
  }

  async update(principal: Principal, threadId: string, change: ThreadChange): Promise<Thread> {
    const owner = await this.#owned(principal, threadId);
    if (!(await this.#source.threads(principal).hasMemory(owner.agentId))) {
      throw new HoldfastError("NOT_SUPPORTED", `Agent ${owner.agentId} has no memory, so its threads have no title or metadata to change.`);
    }
    const record = await this.#source.threads(principal).update(owner.agentId, threadId, change);
    if (record === undefined) throw threadNotFound();
    if (record === "stale") throw new HoldfastError("THREAD_CHANGED", "The thread has changed since you read it; read it again, then change it.");
    return this.#show(principal, owner, record);
  }

  async create(principal: Principal, thread: { readonly agentId: string; readonly title?: string; readonly metadata?: JsonObject }): Promise<Thread> {
    const { agentId, ...fields } = thread;
    const { resourceId } = principal;
    const record = await this.#source.threads(principal).create(agentId, { ...fields, id: newId("thr"), resourceId });
    if (record === undefined) throw new HoldfastError("NOT_SUPPORTED", `Agent ${agentId} has no memory, so it keeps no threads.`);
    return threadOf(agentId, record);
  }

  /** What the memory of the agents keeps. Agents may share one: a thread that another agent ran on last is that one's. */
  async listKept(principal: Principal, agentId?: string): Promise<readonly Thread[]> {
    const agents = this.#source.listAgents().filter(({ id }) => agentId === undefined || id === agentId);
    const threads = new Map<string, Thread>();
    for (const { id } of agents) {
      for (const record of await this.#source.threads(principal).list(id, principal.resourceId)) {
        const known = threads.get(record.id);
        if (known !== undefined) continue;
        const owner = await this.#store.getThread(record.id);
        if (agentId !== undefined && owner !== undefined && owner.agentId !== agentId) continue;
        threads.set(record.id, threadOf(owner?.agentId ?? id, record));
      }
    }
    return [...threads.values()].toSorted((one, other) => other.updatedAt - one.updatedAt);
  }

  /** Who owns a thread. */
  async ownerOf(threadId: string): Promise<string | undefined> {
    return ((await this.#store.getThread(threadId)) ?? (await this.#remembered({ resourceId: "" }, threadId)))?.resourceId;
  }

  async storedMessages(principal: Principal, threadId: string, page: { readonly page?: number; readonly perPage?: number }): Promise<readonly StoredMessage[]> {
    const { agentId } = await this.#owned(principal, threadId);
    return this.#source.threads(principal).storedMessages(agentId, threadId, page);
  }

  async delete(principal: Principal, threadId: string): Promise<void> {
    const owner = await this.#owned(principal, threadId);
    // The log goes first: a thread that is busy is refused there, and one that is left in the memory alone can be deleted again.
    if ((await this.#store.deleteThread(threadId)) === "busy") {
      throw new HoldfastError("THREAD_BUSY", "A run is active on this thread; wait for its end or cancel it, then delete.");
    }
    await this.#source.threads(principal).delete(owner.agentId, threadId);
  }

  async messages(principal: Principal, threadId: string): Promise<readonly JsonObject[]> {
    const owner = await this.#owned(principal, threadId);
    const { runs } = await this.#store.listRuns({ resourceId: principal.resourceId, threadId, limit: RECENT_RUNS });
    const active = runs.filter((run) => !isTerminal(run.status));
    if (!(await this.#source.threads(principal).hasMemory(owner.agentId))) return this.#messagesOfLog(runs.find(isOfAgent));
    const asked = await this.#asked(principal, threadId);
    const kept = await this.#source.threads(principal).messages(owner.agentId, threadId, principal.resourceId);
    const partial = new Set(active.map((run) => run.messageId));
    // The newest run that writes a message is the one to attach to.
    const runOf = new Map(runs.toReversed().map((run) => [run.messageId, run.id]));
    const messageOf = new Map(runs.map((run) => [run.id, run.messageId]));
    const shown = kept
      .filter((message) => !partial.has(message["id"] as string))
      .map((message) => withOrigin(message, threadId, runOf.get(message["id"] as string)))
      .map((message) =>
        withQuestions(
          message,
          asked.filter(({ runId }) => messageOf.get(runId) === message["id"]),
        ),
      );
    // A queued run has not put its question into the thread yet.
    const known = new Set(shown.map((message) => message["id"]));
    const waiting = active
      .toReversed()
      .flatMap((run) => run.input.messages.filter(({ id }) => !known.has(id) && !known.has(standInId(threadId, id as string))));
    return [...shown, ...waiting];
  }

  /** An agent without memory keeps no thread: the newest run has the conversation as the client sent it, and its answer. */
  async #messagesOfLog(newest: Run | undefined): Promise<readonly JsonObject[]> {
    if (newest === undefined) return [];
    if (!isTerminal(newest.status)) return newest.input.messages;
    const lineage = await readLineage(this.#store, newest);
    const transcript = transcriptOf(await readLog(this.#store, newest.id), lineage.entries);
    const shown = withSubAgentCalls(answerMessage(newest.messageId, transcript), subAgentCalls(transcript));
    const answer = withQuestions(shown, await this.#asked(newest, newest.threadId));
    return [...newest.input.messages, withOrigin(answer, newest.threadId, newest.id)];
  }

  /** All the questions of the runs on a thread that still wait for answers, or did not get them in time. */
  async #asked({ resourceId }: Pick<Principal, "resourceId">, threadId: string): Promise<readonly Interrupt[]> {
    const open = await this.#store.listInterrupts({ resourceId, threadId, statuses: ["pending", "expired"], limit: RECENT_RUNS });
    const runIds = [...new Set(open.interrupts.map(({ runId }) => runId))];
    const ofRuns = await Promise.all(runIds.map((runId) => this.#store.listInterrupts({ runId, limit: RECENT_RUNS })));
    return ofRuns.flatMap(({ interrupts }) => interrupts);
  }

  async #owned(principal: Principal, threadId: string): Promise<ThreadOwner> {
    const known = (await this.#store.getThread(threadId)) ?? (await this.#remembered(principal, threadId));
    if (known?.resourceId !== principal.resourceId) throw threadNotFound();
    return this.#ofAgent(principal, known);
  }

  /** A workflow that ran on a thread last keeps no conversation there; that of the agent before it goes on. */
  async #ofAgent(principal: Principal, owner: ThreadOwner): Promise<ThreadOwner> {
    const { threadId, resourceId } = owner;
    if (!this.#source.listWorkflows().some(({ id }) => id === owner.agentId)) return owner;
    const { runs } = await this.#store.listRuns({ resourceId, threadId, limit: RECENT_RUNS });
    const agentId = runs.find(isOfAgent)?.agentId ?? (await this.#remembered(principal, threadId))?.agentId;
    return agentId === undefined ? owner : { ...owner, agentId };
  }

  /** The owner by the memory of any agent, as the principal's requests choose it. */
  async #remembered(principal: Principal, threadId: string): Promise<ThreadOwner | undefined> {
    const found = await this.#source.threads(principal).find(threadId);
    if (found === undefined) return undefined;
    const { agentId, thread } = found;
    return { threadId, resourceId: thread.resourceId, agentId, createdAt: thread.createdAt, lastRunAt: thread.updatedAt };
  }

  async #show(principal: Principal, owner: ThreadOwner, known?: ThreadRecord): Promise<Thread> {
    const { threadId, resourceId, agentId } = owner;
    const record = known ?? (await this.#source.threads(principal).get(agentId, threadId));
    const { runs } = await this.#store.listRuns({ resourceId, threadId, statuses: ACTIVE, limit: RECENT_RUNS });
    // Behind the run that is under way others may be queued.
    const active = runs.find((run) => run.status !== "pending") ?? runs.at(-1);
    return {
      id: threadId,
      agentId,
      ...(record?.title !== undefined && record.title !== "" && { title: record.title }),
      ...(record?.metadata && { metadata: record.metadata }),
      createdAt: owner.createdAt,
      updatedAt: Math.max(owner.lastRunAt, record?.updatedAt ?? 0),
      ...(active && { activeRunId: active.id }),
    };
  }
}

function isOfAgent({ input }: Run): boolean {
  return input.workflow === undefined;
}

function threadOf(agentId: string, { id, title, metadata, createdAt, updatedAt }: ThreadRecord): Thread {
  return { id, agentId, ...(title !== undefined && { title }), ...(metadata && { metadata }), createdAt, updatedAt };
}

function withOrigin(message: JsonObject, threadId: string, runId: string | undefined): JsonObject {
  if (runId === undefined) return message;
  return { ...message, metadata: { ...(message["metadata"] as JsonObject | undefined), threadId, runId } };
}

function threadNotFound(): HoldfastError {
  return new HoldfastError("THREAD_NOT_FOUND", "There is no thread with this id.");
}
