import type { AgentSummary, WorkflowSummary } from "../../src/core/agent-source.ts";
import type { Entry } from "../../src/core/entry.ts";
import { HoldfastError } from "../../src/core/error.ts";
import { isTerminalEvent, statusAfter, type RunEvent } from "../../src/core/event.ts";
import type { Interrupt } from "../../src/core/interrupt.ts";
import type { InterruptAnswer, InterruptPage } from "../../src/core/interrupt-store.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { offsetOf, START, type Offset } from "../../src/core/offset.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { Answered, Engine, OwnInterruptQuery, OwnRunQuery, ResolvedAgent, StartRequest, Thread } from "../../src/core/protocol.ts";
import { isTerminal, type Run } from "../../src/core/run.ts";
import type { Transcript } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";

interface Log {
  run: Run;
  /** As they were pushed; every reader is handed the same arrays. */
  readonly batches: (readonly Entry[])[];
  readonly sleepers: Set<() => void>;
}

/** An engine whose runs do what a test says: it pushes their events, and readers follow. */
export class FakeEngine implements Engine {
  readonly #logs = new Map<string, Log>();
  readonly #closing = new AbortController();
  readonly starts: StartRequest[] = [];
  readonly cancels: string[] = [];
  /** What `answer` was given, and what it gives. */
  readonly answers: (readonly InterruptAnswer[])[] = [];
  interrupts: readonly Interrupt[] = [];
  onAnswer: (answers: readonly InterruptAnswer[]) => Answered = () => ({ interrupts: this.interrupts });
  readonly threadMessages: Map<string, readonly JsonObject[]> = new Map();
  hasMemory = true;
  /** Entries that tails handed out, to see what a reader cost. */
  entriesRead = 0;
  /** Tails that were opened and not closed. */
  openTails = 0;

  listWorkflows(): readonly WorkflowSummary[] {
    return [{ id: "orders" }];
  }

  resolveWorkflow(workflowId: string): WorkflowSummary {
    if (workflowId !== "orders") throw new HoldfastError("WORKFLOW_NOT_FOUND", "There is no workflow with this id; name one that is registered.");
    return { id: "orders" };
  }

  listKeptThreads(): Promise<never> {
    throw new Error("not asked for here");
  }

  createThread(): Promise<never> {
    throw new Error("not asked for here");
  }

  runOwner(): Promise<never> {
    throw new Error("not asked for here");
  }

  threadOwner(): Promise<never> {
    throw new Error("not asked for here");
  }

  storedMessages(): Promise<never> {
    throw new Error("not asked for here");
  }

  followThread(): AsyncIterable<never> {
    throw new Error("not asked for here");
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Adds a run, with its events as one batch. */
  addRun(run: Partial<Run> & Pick<Run, "id">, ...events: readonly RunEvent[]): Run {
    const added: Run = {
      threadId: "chat-1",
      resourceId: "ada",
      agentId: "agent",
      status: "running",
      attempt: 1,
      crashes: 0,
      messageId: `msg_${run.id}`,
      input: { messages: [], trigger: "submit" },
      billingPolicy: "delivered",
      cancelRequested: false,
      createdAt: this.#logs.size,
      ...run,
    };
    this.#logs.set(run.id, { run: added, batches: [], sleepers: new Set() });
    if (events.length > 0) this.push(run.id, ...events);
    return added;
  }

  /** Appends events as one batch and wakes the readers. */
  push(runId: string, ...events: readonly RunEvent[]): void {
    const log = this.#log(runId);
    const last = log.batches.at(-1)?.at(-1)?.offset ?? START;
    log.batches.push(events.map((event, index) => ({ offset: offsetOf(last + index + 1), event, attempt: log.run.attempt, at: 0 })));
    const end = events.at(-1);
    if (end !== undefined && isTerminalEvent(end)) log.run = { ...log.run, status: statusAfter(end) };
    const sleepers = [...log.sleepers];
    log.sleepers.clear();
    for (const wake of sleepers) wake();
  }

  async *tail(run: Run, after: Offset, signal: AbortSignal): AsyncGenerator<readonly Entry[], void, void> {
    const log = this.#log(run.id);
    let position = after;
    this.openTails += 1;
    try {
      while (!signal.aborted) {
        const batch = log.batches.find((candidate) => (candidate.at(-1)?.offset ?? START) > position);
        const rest = batch?.[0] !== undefined && batch[0].offset > position ? batch : batch?.filter((entry) => entry.offset > position);
        const last = rest?.at(-1);
        if (rest !== undefined && last !== undefined) {
          position = last.offset;
          this.entriesRead += rest.length;
          yield rest;
          if (isTerminalEvent(last.event)) return;
          continue;
        }
        if (isTerminal(log.run.status)) return;
        await new Promise<void>((resolve) => {
          log.sleepers.add(resolve);
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    } finally {
      this.openTails -= 1;
    }
  }

  async lastOffset(run: Run): Promise<Offset> {
    return this.#log(run.id).batches.at(-1)?.at(-1)?.offset ?? START;
  }

  async transcript(run: Run): Promise<Transcript> {
    return transcriptOf(this.#log(run.id).batches.flat());
  }

  listAgents(): readonly AgentSummary[] {
    return [{ id: "agent", name: "Agent" }];
  }

  async resolveAgent(_: Principal, agentId: string | undefined): Promise<ResolvedAgent> {
    if (agentId !== undefined && agentId !== "agent") throw new HoldfastError("AGENT_NOT_FOUND", `There is no agent ${agentId}.`);
    return { id: "agent", name: "Agent", hasMemory: this.hasMemory };
  }

  async start(principal: Principal, request: StartRequest): Promise<Run> {
    this.starts.push(request);
    const threadId = request.threadId ?? "made-thread";
    const id = `run_${this.#logs.size + 1}`;
    const messageId = `msg_${id}`;
    return this.addRun(
      { id, threadId, messageId, resourceId: principal.resourceId, input: request.input },
      { type: "run-started", messageId, threadId, agentId: request.agentId },
    );
  }

  async getRun(principal: Principal, runId: string): Promise<Run> {
    const log = this.#logs.get(runId);
    if (log?.run.resourceId !== principal.resourceId) throw new HoldfastError("RUN_NOT_FOUND", `There is no run ${runId}.`);
    return log.run;
  }

  async listRuns(principal: Principal, query: OwnRunQuery): Promise<{ readonly runs: readonly Run[] }> {
    const runs = this.#runsOf(principal).filter((run) => query.threadId === undefined || run.threadId === query.threadId);
    return { runs: runs.slice(0, query.limit) };
  }

  async cancel(principal: Principal, runId: string): Promise<Run> {
    const run = await this.getRun(principal, runId);
    if (isTerminal(run.status)) throw new HoldfastError("RUN_ENDED", `Run ${runId} has ended.`);
    this.cancels.push(runId);
    return run;
  }

  async getThread(principal: Principal, threadId: string): Promise<Thread> {
    const runs = this.#runsOf(principal).filter((run) => run.threadId === threadId);
    if (runs.length === 0) throw new HoldfastError("THREAD_NOT_FOUND", `There is no thread ${threadId}.`);
    const active = runs.findLast((run) => !isTerminal(run.status));
    return { id: threadId, agentId: "agent", createdAt: 0, updatedAt: 0, ...(active && { activeRunId: active.id }) };
  }

  async messages(principal: Principal, threadId: string): Promise<readonly JsonObject[]> {
    await this.getThread(principal, threadId);
    return this.threadMessages.get(threadId) ?? [];
  }

  /** The logs of the runs before it, as `addRun` was told of them by `parentRunId`. */
  async ancestry(run: Run): Promise<readonly Entry[]> {
    const parent = run.parentRunId === undefined ? undefined : this.#log(run.parentRunId);
    return parent === undefined ? [] : [...(await this.ancestry(parent.run)), ...parent.batches.flat()];
  }

  async listInterrupts(principal: Principal, { threadId }: OwnInterruptQuery): Promise<InterruptPage> {
    return { interrupts: this.interrupts.filter((interrupt) => interrupt.resourceId === principal.resourceId && interrupt.threadId === threadId) };
  }

  async getInterrupt(principal: Principal, interruptId: string): Promise<Interrupt> {
    const found = this.interrupts.find(({ id, resourceId }) => id === interruptId && resourceId === principal.resourceId);
    if (found === undefined) throw new HoldfastError("INTERRUPT_NOT_FOUND", `There is no interrupt ${interruptId}.`);
    return found;
  }

  async answer(_principal: Principal, answers: readonly InterruptAnswer[]): Promise<Answered> {
    this.answers.push(answers);
    return this.onAnswer(answers);
  }

  getChildRun(): Promise<never> {
    return notAsked("getChildRun");
  }

  listAudit(): Promise<never> {
    return notAsked("listAudit");
  }

  usage(): Promise<never> {
    return notAsked("usage");
  }

  usageReport(): Promise<never> {
    return notAsked("usageReport");
  }

  listThreads(): Promise<never> {
    return notAsked("listThreads");
  }

  updateThread(): Promise<never> {
    return notAsked("updateThread");
  }

  deleteThread(): Promise<never> {
    return notAsked("deleteThread");
  }

  #runsOf(principal: Principal): readonly Run[] {
    return [...this.#logs.values()]
      .map(({ run }) => run)
      .filter((run) => run.resourceId === principal.resourceId)
      .toReversed();
  }

  #log(runId: string): Log {
    const log = this.#logs.get(runId);
    if (log === undefined) throw new Error(`The test has no run ${runId}.`);
    return log;
  }
}

function notAsked(method: string): Promise<never> {
  return Promise.reject(new Error(`No wire asks for ${method}.`));
}
