import type { AgentSummary, ThreadChange, WorkflowSummary } from "../../src/core/agent-source.ts";
import type { Entry } from "../../src/core/entry.ts";
import { HoldfastError } from "../../src/core/error.ts";
import type { AuditEntry } from "../../src/core/audit.ts";
import { isSameJson, type Interrupt } from "../../src/core/interrupt.ts";
import type { InterruptAnswer, InterruptPage } from "../../src/core/interrupt-store.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { START, type Offset } from "../../src/core/offset.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { Answered, Engine, OwnInterruptQuery, OwnRunQuery, OwnUsageQuery, ResolvedAgent, RunUsage, Thread } from "../../src/core/protocol.ts";
import { isTerminal, type Run } from "../../src/core/run.ts";
import type { Transcript } from "../../src/core/transcript.ts";
import type { UsageRow } from "../../src/core/usage-report.ts";

/** A run of `ann` with what a test does not care about filled in. */
export function aRun(fields: Partial<Run> & { id: string }): Run {
  return {
    threadId: "thread-1",
    resourceId: "ann",
    agentId: "assistant",
    status: "running",
    attempt: 1,
    crashes: 0,
    messageId: `msg-${fields.id}`,
    input: { messages: [], trigger: "submit" },
    billingPolicy: "delivered",
    cancelRequested: false,
    createdAt: Date.UTC(2026, 0, 2),
    ...fields,
  };
}

export type OwnedThread = Thread & { readonly resourceId: string };

/** An engine that holds what a test puts into it and records what it was asked. */
export class FakeEngine implements Engine {
  readonly runs: Run[] = [];
  readonly threads: OwnedThread[] = [];
  readonly interrupts: Interrupt[] = [];
  readonly interruptQueries: (OwnInterruptQuery & Principal)[] = [];
  readonly runQueries: OwnRunQuery[] = [];
  readonly usages: RunUsage[] = [];
  readonly usageRows: UsageRow[] = [];
  readonly usageQueries: (OwnUsageQuery & Principal)[] = [];
  readonly closing: AbortSignal = new AbortController().signal;
  readyFault: Error | undefined;

  async ready(): Promise<void> {
    if (this.readyFault !== undefined) throw this.readyFault;
  }

  async metrics(): Promise<string> {
    return "";
  }

  listAgents(): readonly AgentSummary[] {
    return [{ id: "assistant", name: "Assistant" }];
  }

  async resolveAgent(): Promise<ResolvedAgent> {
    return { id: "assistant", name: "Assistant", hasMemory: true };
  }

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

  start(): Promise<Run> {
    throw new Error("not part of these tests");
  }

  async getRun(principal: Principal, runId: string): Promise<Run> {
    const run = this.runs.find((candidate) => candidate.id === runId && candidate.resourceId === principal.resourceId);
    if (run === undefined) throw new HoldfastError("RUN_NOT_FOUND", `There is no run ${runId}.`);
    return run;
  }

  async listRuns(principal: Principal, query: OwnRunQuery): Promise<{ readonly runs: readonly Run[]; readonly nextCursor?: string }> {
    this.runQueries.push(query);
    const own = this.runs.filter((run) => run.resourceId === principal.resourceId);
    const from = Number(query.cursor ?? 0);
    const runs = own.slice(from, from + query.limit);
    return { runs, ...(own.length > from + query.limit && { nextCursor: String(from + query.limit) }) };
  }

  async listInterrupts(principal: Principal, query: OwnInterruptQuery): Promise<InterruptPage> {
    this.interruptQueries.push({ ...query, ...principal });
    const seen = this.interrupts.filter((interrupt) => principal.isApprover === true || interrupt.resourceId === principal.resourceId);
    return { interrupts: seen.filter((interrupt) => query.runId === undefined || interrupt.runId === query.runId) };
  }

  async getInterrupt(principal: Principal, interruptId: string): Promise<Interrupt> {
    const { interrupts } = await this.listInterrupts(principal, { limit: 100 });
    const found = interrupts.find(({ id }) => id === interruptId);
    if (found === undefined) throw new HoldfastError("INTERRUPT_NOT_FOUND", `There is no interrupt ${interruptId}.`);
    return found;
  }

  async answer(principal: Principal, answers: readonly InterruptAnswer[]): Promise<Answered> {
    for (const { interruptId, answer } of answers) {
      const interrupt = await this.getInterrupt(principal, interruptId);
      if (interrupt.answer !== undefined && !isSameJson(interrupt.answer, answer)) throw new HoldfastError("ALREADY_ANSWERED", "It was answered differently.");
      const answered = { ...interrupt, status: "answered" as const, answer, answeredAt: 1, answeredBy: principal.resourceId };
      this.interrupts.splice(this.interrupts.indexOf(interrupt), 1, answered);
    }
    const run = this.runs.find(({ parentRunId }) => parentRunId !== undefined);
    return { interrupts: this.interrupts, ...(run && { run }) };
  }

  async getChildRun(run: Run): Promise<Run | undefined> {
    return this.runs.find(({ parentRunId }) => parentRunId === run.id);
  }

  async ancestry(): Promise<readonly Entry[]> {
    return [];
  }

  async listAudit(principal: Principal, runId: string): Promise<readonly AuditEntry[]> {
    await this.getRun(principal, runId);
    return [{ runId, resourceId: principal.resourceId, action: "approved", actor: "boss", interruptId: "int_1", at: 1 }];
  }

  async cancel(principal: Principal, runId: string): Promise<Run> {
    const run = await this.getRun(principal, runId);
    if (isTerminal(run.status)) throw new HoldfastError("RUN_ENDED", `Run ${runId} has ended.`);
    const canceled = { ...run, cancelRequested: true };
    this.runs[this.runs.indexOf(run)] = canceled;
    return canceled;
  }

  async usage(principal: Principal, runId: string): Promise<RunUsage> {
    await this.getRun(principal, runId);
    const usage = this.usages.find((candidate) => candidate.runId === runId);
    if (usage === undefined) throw new Error("the test put no usage in");
    return usage;
  }

  async usageReport(principal: Principal, query: OwnUsageQuery): Promise<readonly UsageRow[]> {
    this.usageQueries.push({ ...query, ...principal });
    return this.usageRows;
  }

  async *tail(): AsyncGenerator<readonly Entry[]> {
    yield [];
  }

  async lastOffset(): Promise<Offset> {
    return START;
  }

  async transcript(): Promise<Transcript> {
    return { steps: [], offset: START, usage: {}, end: undefined, nested: new Map() };
  }

  async getThread(principal: Principal, threadId: string): Promise<Thread> {
    const thread = this.threads.find((candidate) => candidate.id === threadId && candidate.resourceId === principal.resourceId);
    if (thread === undefined) throw new HoldfastError("THREAD_NOT_FOUND", `There is no thread ${threadId}.`);
    return thread;
  }

  async listThreads(principal: Principal): Promise<{ readonly threads: readonly Thread[] }> {
    return { threads: this.threads.filter((thread) => thread.resourceId === principal.resourceId) };
  }

  async updateThread(principal: Principal, threadId: string, change: ThreadChange): Promise<Thread> {
    const thread = await this.getThread(principal, threadId);
    const changed = { ...thread, ...change, resourceId: principal.resourceId };
    this.threads[this.threads.findIndex((candidate) => candidate.id === threadId)] = changed;
    return changed;
  }

  async deleteThread(principal: Principal, threadId: string): Promise<void> {
    const thread = await this.getThread(principal, threadId);
    if (thread.activeRunId !== undefined) throw new HoldfastError("THREAD_BUSY", `Run ${thread.activeRunId} is active on thread ${threadId}.`);
    this.threads.splice(
      this.threads.findIndex((candidate) => candidate.id === threadId),
      1,
    );
  }

  async messages(): Promise<readonly JsonObject[]> {
    return [];
  }
}
