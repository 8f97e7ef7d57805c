import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What only the moment of the scrape knows. */
export interface Gauges {
  /** Runs that this process executes. */
  readonly executing: () => number;
  /** Reads of logs that are under way. */
  readonly streams: () => number;
}

/** The instruments of one registry. */
export type Instruments = RunInstruments & WorkInstruments & StoreInstruments;

interface RunInstruments {
  readonly runsStarted: Counter<"agent">;
  readonly runsEnded: Counter<"agent" | "status">;
  readonly runDuration: Histogram<"status">;
  readonly attempts: Counter<"kind">;
}

interface WorkInstruments {
  readonly modelCalls: Counter<"agent" | "provider" | "model" | "state">;
  readonly tokens: Counter<"agent" | "provider" | "model" | "direction">;
  readonly toolCalls: Counter<"agent" | "outcome">;
}

interface StoreInstruments {
  readonly eventsAppended: Counter;
  readonly commitDuration: Histogram;
  readonly deliveries: Counter<"sink" | "outcome">;
}

/** Seconds: from an answer of one line to a run that waits for a person. */
const RUN_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];
/** Seconds: a commit takes a fraction of a millisecond, and 2 to 10 ms with a flush to the disk. */
const COMMIT_SECONDS = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2];

/** Makes the instruments. No label may hold what belongs to a user, nor a name that a request can invent, such as that of a page's tool. */
export function instrumentsOf(registry: Registry, gauges: Gauges): Instruments {
  const registers = [registry];
  addGauges(registers, gauges);
  return { ...runInstruments(registers), ...workInstruments(registers), ...storeInstruments(registers) };
}

function addGauges(registers: Registry[], { executing, streams }: Gauges): void {
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("holdfast_runs_executing", "Runs that this process is executing.", executing);
  gauge("holdfast_open_streams", "Reads of run logs that are under way: one for each client that is attached to a run.", streams);
}

function runInstruments(registers: Registry[]): RunInstruments {
  return {
    runsStarted: new Counter({ name: "holdfast_runs_started_total", help: "Runs that this process created.", labelNames: ["agent"], registers }),
    runsEnded: new Counter({
      name: "holdfast_runs_ended_total",
      help: "Runs that ended in this process, by their final status.",
      labelNames: ["agent", "status"],
      registers,
    }),
    runDuration: new Histogram({
      name: "holdfast_run_duration_seconds",
      help: "From the creation of a run to its end, waits included.",
      labelNames: ["status"],
      buckets: RUN_SECONDS,
      registers,
    }),
    attempts: new Counter({
      name: "holdfast_attempts_total",
      help: "Attempts of this process at runs: the first of a run, one that takes it over, one that goes on after a wait.",
      labelNames: ["kind"],
      registers,
    }),
  };
}

function workInstruments(registers: Registry[]): WorkInstruments {
  return {
    modelCalls: new Counter({
      name: "holdfast_model_calls_total",
      help: "Model calls that ended, by how much is known of their usage; agent is the one that called.",
      labelNames: ["agent", "provider", "model", "state"],
      registers,
    }),
    tokens: new Counter({
      name: "holdfast_tokens_total",
      help: "Tokens of model calls, as providers reported them, or as estimated where a call was cut.",
      labelNames: ["agent", "provider", "model", "direction"],
      registers,
    }),
    toolCalls: new Counter({
      name: "holdfast_tool_calls_total",
      help: "Tool calls by what came of them; one that was interrupted counts again once it is answered; agent is the run's.",
      labelNames: ["agent", "outcome"],
      registers,
    }),
  };
}

function storeInstruments(registers: Registry[]): StoreInstruments {
  return {
    eventsAppended: new Counter({ name: "holdfast_events_appended_total", help: "Events that attempts of this process appended to logs.", registers }),
    commitDuration: new Histogram({
      name: "holdfast_commit_duration_seconds",
      help: "How long the store took to commit what had gathered.",
      buckets: COMMIT_SECONDS,
      registers,
    }),
    deliveries: new Counter({
      name: "holdfast_deliveries_total",
      help: "Tries to deliver a bill to a sink, by what came of them; pending ones are tried again.",
      labelNames: ["sink", "outcome"],
      registers,
    }),
  };
}
