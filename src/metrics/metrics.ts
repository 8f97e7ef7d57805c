import { collectDefaultMetrics, Registry } from "prom-client";
import type { Entry } from "../core/entry.ts";
import type { DeliveryOutcome } from "../core/outbox.ts";
import type { Run } from "../core/run.ts";
import { ATTEMPT_KINDS, type AttemptKind, type RunObserver } from "../core/run-observer.ts";
import { countsOf, type Count, type CountedRun } from "./count.ts";
import { instrumentsOf, type Gauges, type Instruments } from "./instruments.ts";

/** Counts what one process does, in a registry of its own. */
export class Metrics implements RunObserver {
  readonly #registry: Registry = new Registry();
  readonly #instruments: Instruments;
  readonly #runs: Map<string, { readonly attempt: number; readonly run: CountedRun }> = new Map();
  #hasProcess = false;

  constructor(gauges: Gauges) {
    this.#instruments = instrumentsOf(this.#registry, gauges);
    // A rate needs a zero to rise from.
    for (const kind of ATTEMPT_KINDS) this.#instruments.attempts.inc({ kind }, 0);
  }

  started({ agentId }: Run): void {
    this.#instruments.runsStarted.inc({ agent: agentId });
  }

  attemptBegan({ id, agentId, createdAt }: Run, attempt: number, kind: AttemptKind): void {
    this.#instruments.attempts.inc({ kind });
    this.#runs.set(id, { attempt, run: { runId: id, agentId, createdAt, openCalls: new Map() } });
  }

  attemptEnded(runId: string, attempt: number): void {
    if (this.#runs.get(runId)?.attempt === attempt) this.#runs.delete(runId);
  }

  committed(runId: string, entries: readonly Entry[]): void {
    this.#instruments.eventsAppended.inc(entries.length);
    const known = this.#runs.get(runId);
    if (known === undefined) return;
    const { run, counts } = countsOf(known.run, entries);
    if (run !== known.run) this.#runs.set(runId, { ...known, run });
    for (const count of counts) this.#add(count);
  }

  appended(durationMs: number): void {
    this.#instruments.commitDuration.observe(durationMs / 1_000);
  }

  delivered({ sink, state }: DeliveryOutcome): void {
    this.#instruments.deliveries.inc({ sink, outcome: state });
  }

  /** Everything as Prometheus reads it, in its text format 0.0.4. */
  text(): Promise<string> {
    // A process that nobody scrapes need not watch its event loop.
    if (!this.#hasProcess) collectDefaultMetrics({ register: this.#registry });
    this.#hasProcess = true;
    return this.#registry.metrics();
  }

  #add(count: Count): void {
    const { modelCalls, tokens, toolCalls, runsEnded, runDuration } = this.#instruments;
    switch (count.of) {
      case "model-call":
        return modelCalls.inc(count.labels);
      case "tokens":
        return tokens.inc(count.labels, count.amount);
      case "tool-call":
        return toolCalls.inc(count.labels);
      case "run-ended":
        runsEnded.inc(count.labels);
        return runDuration.observe({ status: count.labels.status }, count.seconds);
    }
  }
}
