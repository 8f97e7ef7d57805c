import type { Clock } from "../core/clock.ts";
import type { RunEvent, StepEvent } from "../core/event.ts";
import type { Interrupt, InterruptRequest } from "../core/interrupt.ts";
import type { Lease, LeaseClaim } from "../core/lease.ts";
import type { JsonObject } from "../core/json.ts";
import { START } from "../core/offset.ts";
import type { Run } from "../core/run.ts";
import type { Usage } from "../core/usage.ts";
import type { Append, ClaimedRun, CreateRunResult, NewRun, RunStore } from "../core/store.ts";

/** A clock that stands still until a test moves it. */
export interface SettableClock extends Clock {
  advance(milliseconds: number): void;
}

export function settableClock(start: number = 1_700_000_000_000): SettableClock {
  let time = start;
  return {
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
}

/** How long the leases of the samples hold, in milliseconds. */
export const LEASE_MS = 1_000;

export const NODE_A: LeaseClaim = { owner: "node-a", leaseMs: LEASE_MS };
export const NODE_B: LeaseClaim = { owner: "node-b", leaseMs: LEASE_MS };

/** Limits that keep no claim small. */
export const ALL: { readonly limit: number; readonly pendingLimit: number } = { limit: 1_000, pendingLimit: 1_000 };

export function sampleMessage(text: string): JsonObject {
  return { id: `message-${text}`, role: "user", parts: [{ type: "text", text }] };
}

/** A run on a thread of its own, unless a test says otherwise. */
export function sampleRun(id: string, change: Partial<NewRun> = {}): NewRun {
  return {
    id,
    threadId: `thread-of-${id}`,
    resourceId: "resource-1",
    agentId: "agent-1",
    messageId: `answer-of-${id}`,
    input: { messages: [sampleMessage(id)], trigger: "submit" },
    onBusyThread: "reject",
    billingPolicy: "delivered",
    ...change,
  };
}

export function textDelta(text: string): RunEvent {
  return { type: "text-delta", id: "text-1", text };
}

export function sampleInterrupt(id: string): InterruptRequest {
  return {
    id,
    kind: "tool-approval",
    toolCallId: `call-${id}`,
    toolName: "transfer",
    input: { amount: 3 },
    resumeSchema: { type: "object" },
    payload: ["why"],
  };
}

/** A question that a page answers. */
export function pageQuestion(id: string): InterruptRequest {
  return { id, kind: "frontend-tool", toolCallId: `call-${id}`, toolName: "pick", input: { of: id } };
}

/** Creates a run that the claim holds at once. */
export async function startedRun(store: RunStore, run: NewRun, claim: LeaseClaim = NODE_A): Promise<ClaimedRun> {
  const created = createdRun(await store.createRun(run, claim));
  if (created.lease === undefined) throw new Error(`Run ${run.id} was queued.`);
  return { run: created.run, lease: created.lease };
}

export function createdRun(result: CreateRunResult): { readonly run: Run; readonly lease?: Lease } {
  if (result.outcome !== "created") throw new Error(`The run was not created: ${result.outcome}.`);
  return result;
}

export function appendOf(lease: Lease, ...events: readonly RunEvent[]): Append {
  return { ...lease, events };
}

/** Tokens of a model call, told apart by the number of those that went in. */
export function sampleUsage(inputTokens: number): Usage {
  return { inputTokens, outputTokens: 2 * inputTokens, totalTokens: 3 * inputTokens, raw: { in: inputTokens } };
}

/** A model call of the run's own agent begins. */
export function modelCalled(call: number): Extract<StepEvent, { type: "model-called" }> {
  return { type: "model-called", step: call, call, provider: "acme", modelId: "large", promptBytes: 100 };
}

/** It ends with the provider's figure. */
export function modelFinished(call: number, inputTokens: number = 10): Extract<StepEvent, { type: "model-finished" }> {
  return { type: "model-finished", step: call, call, finishReason: "stop", usage: sampleUsage(inputTokens) };
}

/** Ends a run as suspended, with the questions of these ids. */
export async function suspendedRun(store: RunStore, run: NewRun, asked: readonly (string | InterruptRequest)[], claim: LeaseClaim = NODE_A): Promise<void> {
  const { lease } = await startedRun(store, run, claim);
  const interrupts = asked.map((one) => (typeof one === "string" ? sampleInterrupt(one) : one));
  await store.append([appendOf(lease, { type: "run-suspended", interrupts })]);
}

/** Lets a run wait for what pages give, until that time. */
export async function waitingRun(store: RunStore, run: NewRun, asked: readonly string[], until: number, claim: LeaseClaim = NODE_A): Promise<Lease> {
  const { lease } = await startedRun(store, run, claim);
  await store.append([appendOf(lease, { type: "run-waiting", interrupts: asked.map(pageQuestion), until })]);
  return lease;
}

/** Everything that a run asked. */
export async function interruptsOf(store: RunStore, runId: string): Promise<readonly Interrupt[]> {
  return (await store.listInterrupts({ runId, limit: 1_000 })).interrupts;
}

/** Ends a run as completed. */
export async function complete(store: RunStore, lease: Lease): Promise<void> {
  const [result] = await store.append([appendOf(lease, { type: "run-completed" })]);
  if (result?.outcome !== "appended") throw new Error(`Run ${lease.runId} did not end.`);
}

/** The events of the whole log. */
export async function eventsOf(store: RunStore, runId: string): Promise<readonly RunEvent[]> {
  const entries = await store.readEntries(runId, START, 100_000);
  return entries.map((entry) => entry.event);
}

/** Ids of the runs that a node gets when it claims all it can. */
export async function claimedIds(store: RunStore, claim: LeaseClaim = NODE_B, limits: typeof ALL = ALL): Promise<readonly string[]> {
  const claimed = await store.claimRuns(claim, limits);
  return claimed.map(({ run }) => run.id);
}
