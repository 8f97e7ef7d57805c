import type { Entry } from "./entry.ts";
import type { NestedEvent, RunEvent } from "./event.ts";
import type { Usage } from "./usage.ts";

/**
 * How much is known of a model call's usage. `pending`: on disk before the provider is called. `settled`: the provider's own figure.
 * `estimated` and `unknown`: the call was cut; it is settled only if the true figure arrives later.
 */
export type UsageState = "pending" | "settled" | "estimated" | "unknown";

/** Which model call of a run. */
export interface ModelCallKey {
  /** The epoch of the attempt that made the call. */
  readonly attempt: number;
  /** Which agent made it: empty for the run's own, else the id of the tool call that the sub-agent runs in. */
  readonly path: string;
  /** Counts the calls of one path within one attempt, from 0. */
  readonly call: number;
}

/** What a cut call may have used, when it can be bounded. */
export interface UsageBounds {
  readonly lower: Usage;
  /** A count that is missing has no upper bound: what the provider produced after the cut was never seen. */
  readonly upper: Usage;
}

/** What is known of a call in one of its states; where it comes from: the provider, or the bytes that went over the wire. */
export interface UsageFigure {
  readonly usage?: Usage;
  readonly basis?: "provider" | "bytes";
  readonly bounds?: UsageBounds;
  /** A later attempt makes the call again, so that the customer does not pay for this one under the policy `delivered`. */
  readonly isSuperseded?: boolean;
}

/** One row of the ledger. Rows are added and never changed; a call has one row per state that it was in. */
export interface UsageEntry extends ModelCallKey, UsageFigure {
  readonly runId: string;
  readonly state: UsageState;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Only on the `pending` row. */
  readonly agentId?: string;
  readonly provider?: string;
  readonly modelId?: string;
}

/** A model call as its rows add up: the strongest state counts. */
export interface ModelCall extends ModelCallKey, UsageFigure {
  readonly state: UsageState;
  readonly agentId: string;
  readonly provider?: string;
  readonly modelId?: string;
  /** When it was made, and when its state was reached, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly at: number;
}

/** A call's own figure that arrived after its attempt had lost the run. */
export interface LateUsage extends ModelCallKey {
  readonly runId: string;
  readonly usage: Usage;
}

/** The row that an event of a log adds to the ledger, if any: the ledger is a projection of the log. */
export function usageEntryOf(runId: string, { event, attempt, at }: Omit<Entry, "offset">): UsageEntry | undefined {
  const { path, inner } = innermost(event);
  switch (inner.type) {
    case "model-called": {
      const { call, agentId, provider, modelId } = inner;
      return {
        runId,
        attempt,
        path,
        call,
        state: "pending",
        at,
        ...(agentId !== undefined && { agentId }),
        ...(provider !== undefined && { provider }),
        ...(modelId !== undefined && { modelId }),
      };
    }
    case "model-finished": {
      const { call, usage, provider, modelId } = inner;
      if (call === undefined || usage === undefined) return undefined;
      const model = { ...(provider !== undefined && { provider }), ...(modelId !== undefined && { modelId }) };
      return { runId, attempt, path, call, state: "settled", at, usage, basis: "provider", ...model };
    }
    case "model-cut": {
      const { type: _type, ...fields } = inner;
      return { runId, at, ...fields };
    }
    default:
      return undefined;
  }
}

/** What an event says that a call of an agent inside used, by the provider's figure. Nobody takes such a call back. */
export function usageInside({ event, attempt, at }: Omit<Entry, "offset">): Usage {
  const row = event.type === "nested" || event.type === "model-cut" ? usageEntryOf("", { event, attempt, at }) : undefined;
  return row?.state === "settled" && row.path !== "" ? (row.usage ?? {}) : {};
}

/** The event inside its sub-agents, and the id of the tool call that the innermost one runs in. */
export function innermost(event: RunEvent): { readonly path: string; readonly inner: Exclude<RunEvent, NestedEvent> } {
  let path = "";
  let inner: RunEvent = event;
  while (inner.type === "nested") {
    path = inner.toolCallId;
    inner = inner.event;
  }
  return { path, inner };
}

const STRENGTH: Readonly<Record<UsageState, number>> = { pending: 0, unknown: 1, estimated: 2, settled: 3 };

/** The calls of one run from its rows, in the order in which they were made. `agentId`: the agent of the run. */
export function modelCallsOf(entries: readonly UsageEntry[], agentId: string): readonly ModelCall[] {
  const calls = new Map<string, ModelCall>();
  for (const entry of entries) {
    const { runId: _runId, ...fields } = entry;
    const key = callKeyText(entry);
    const known = calls.get(key);
    const isSuperseded = entry.isSuperseded === true || known?.isSuperseded === true;
    const mark = isSuperseded ? { isSuperseded } : {};
    if (known === undefined) calls.set(key, { agentId, ...fields, ...mark, startedAt: entry.at });
    else if (STRENGTH[entry.state] > STRENGTH[known.state]) calls.set(key, stronger(known, fields, mark));
    else calls.set(key, { ...known, ...mark, startedAt: Math.min(known.startedAt, entry.at) });
  }
  return [...calls.values()];
}

/** The figure is that of the stronger state; who made the call, and with what, stays known. */
function stronger(known: ModelCall, next: Omit<UsageEntry, "runId">, mark: { readonly isSuperseded?: boolean }): ModelCall {
  const { usage: _usage, basis: _basis, bounds: _bounds, isSuperseded: _mark, ...identity } = known;
  return { ...identity, ...next, ...mark, agentId: next.agentId ?? known.agentId, startedAt: Math.min(known.startedAt, next.at) };
}

/** A text that is the same for the rows of one call. */
export function callKeyText({ attempt, path, call }: ModelCallKey): string {
  return JSON.stringify([attempt, path, call]);
}
