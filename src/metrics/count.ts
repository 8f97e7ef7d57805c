import type { Entry } from "../core/entry.ts";
import { isTerminalEvent, statusAfter, type RunEvent, type TerminalEvent } from "../core/event.ts";
import { callKeyText, innermost, usageEntryOf, type UsageEntry, type UsageState } from "../core/ledger.ts";
import type { TerminalStatus } from "../core/run.ts";

/** How a tool call came out. `unknown`: the process died while the tool executed. */
export type ToolOutcome = "result" | "error" | "unknown" | "denied" | "interrupted";

/** Which model answers for which agent. */
export interface ModelLabels {
  readonly agent: string;
  readonly provider: string;
  readonly model: string;
}

/** One thing that happened, as it is counted. */
export type Count =
  | { readonly of: "model-call"; readonly labels: ModelLabels & { readonly state: Exclude<UsageState, "pending"> } }
  | { readonly of: "tokens"; readonly labels: ModelLabels & { readonly direction: "input" | "output" }; readonly amount: number }
  | { readonly of: "tool-call"; readonly labels: { readonly agent: string; readonly outcome: ToolOutcome } }
  | { readonly of: "run-ended"; readonly labels: { readonly agent: string; readonly status: TerminalStatus }; readonly seconds: number };

/** What is known of a run while this process works on it. */
export interface CountedRun {
  readonly runId: string;
  readonly agentId: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Who was called, by the key of the call, while it has no end. */
  readonly openCalls: ReadonlyMap<string, ModelLabels>;
}

/** A call whose beginning another process saw, or of a provider that does not tell its name. */
const NOT_KNOWN = "unknown";

/** Everything that is not about to be counted is passed over by its type: text comes in thousands of deltas. */
const COUNTED: ReadonlySet<RunEvent["type"]> = new Set<RunEvent["type"]>([
  "model-called",
  "model-finished",
  "model-cut",
  "tool-result",
  "tool-error",
  "tool-denied",
  "tool-interrupted",
  "run-completed",
  "run-failed",
  "run-canceled",
  "run-suspended",
]);

/** What the committed entries of a run add to the counts. */
export function countsOf(run: CountedRun, entries: readonly Entry[]): { readonly run: CountedRun; readonly counts: readonly Count[] } {
  let openCalls: Map<string, ModelLabels> | undefined;
  const counts: Count[] = [];
  for (const entry of entries) {
    if (!COUNTED.has(innermostType(entry.event))) continue;
    const { event } = entry;
    if (isTerminalEvent(event)) counts.push(endOf(run, event, entry.at));
    const outcome = outcomeOf(event);
    if (outcome !== undefined) counts.push({ of: "tool-call", labels: { agent: run.agentId, outcome } });
    const row = usageEntryOf(run.runId, entry);
    if (row === undefined) continue;
    openCalls ??= new Map(run.openCalls);
    const key = callKeyText(row);
    const labels = labelsOf(run, row, openCalls.get(key));
    if (row.state === "pending") openCalls.set(key, labels);
    else openCalls.delete(key);
    counts.push(...callCounts(row, labels));
  }
  return { run: openCalls === undefined ? run : { ...run, openCalls }, counts };
}

function innermostType(event: RunEvent): RunEvent["type"] {
  let inner = event;
  while (inner.type === "nested") inner = inner.event;
  return inner.type;
}

function endOf(run: CountedRun, event: TerminalEvent, at: number): Count {
  return { of: "run-ended", labels: { agent: run.agentId, status: statusAfter(event) }, seconds: Math.max(0, at - run.createdAt) / 1_000 };
}

function outcomeOf(event: RunEvent): ToolOutcome | undefined {
  const { inner } = innermost(event);
  switch (inner.type) {
    case "tool-result":
      return "result";
    case "tool-error":
      return inner.outcomeUnknown === true ? "unknown" : "error";
    case "tool-denied":
      return "denied";
    case "tool-interrupted":
      return "interrupted";
    default:
      return undefined;
  }
}

function labelsOf(run: CountedRun, row: UsageEntry, called: ModelLabels | undefined): ModelLabels {
  return {
    agent: row.agentId ?? called?.agent ?? run.agentId,
    provider: row.provider ?? called?.provider ?? NOT_KNOWN,
    model: row.modelId ?? called?.model ?? NOT_KNOWN,
  };
}

function callCounts({ state, usage }: UsageEntry, labels: ModelLabels): readonly Count[] {
  if (state === "pending") return [];
  const tokens = [
    { direction: "input", amount: usage?.inputTokens },
    { direction: "output", amount: usage?.outputTokens },
  ] as const;
  return [
    { of: "model-call", labels: { ...labels, state } },
    ...tokens.flatMap(({ direction, amount }): readonly Count[] =>
      // A provider's figure is not checked on its way into the log, and a counter takes no other.
      typeof amount === "number" && amount > 0 && Number.isFinite(amount) ? [{ of: "tokens", labels: { ...labels, direction }, amount }] : [],
    ),
  ];
}
