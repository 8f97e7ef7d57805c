import { setTimeout as delay } from "node:timers/promises";
import { chat, chatBody } from "../client/chat.ts";
import { isComplete, stampArrivals } from "../client/frames.ts";
import { latenessFigures, latenessWithin, type Lateness } from "../client/latency.ts";
import type { ServerProcess, Subject } from "../client/server-process.ts";
import { inTurn, withServers } from "../client/turns.ts";
import type { Script } from "../model/script.ts";
import type { Scenario, ScenarioOptions, ScenarioResult } from "../report/result.ts";
import { extent, median } from "../report/statistics.ts";

const SUBJECTS: readonly Subject[] = ["holdfast", "chat-stream", "durable-agent"];
const RUNS = 200;
const SCRIPT: Script = { deltas: 500, perSecond: 50, text: "stamps" };
/** Runs begin one after another, so that the figure is about 200 runs going on, not about 200 beginning in one instant. */
const BETWEEN_STARTS_MS = 15;
const ROUNDS = { warmUps: 0, measured: 2 };
const SETTLE_MICROS = 250_000;

/** How late 200 readers of 200 runs are. */
export const runs: Scenario = { name: "runs", title: "200 concurrent runs at 50 deltas/s, a reader each", run };

interface Round extends Lateness {
  readonly whole: number;
  readonly cpuShare: number;
}

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const rounds = await withServers(SUBJECTS, options, (servers) => inTurn(servers, ROUNDS, measure));
  const of = (subject: Subject): readonly Round[] => rounds.get(subject) ?? [];
  return {
    figures: SUBJECTS.flatMap((subject) => [
      ...latenessFigures(subject, of(subject)),
      { subject, measure: "server CPU", unit: "cores", values: of(subject).map((round) => round.cpuShare) },
    ]),
    targets: [
      { claim: "p99 from event to reader, ms", actual: median(of("holdfast").map((round) => round.p99Ms)), limit: 60, direction: "at most" },
      { claim: "runs that reached their reader whole", actual: extent(of("holdfast").map((round) => round.whole))[0], limit: RUNS, direction: "at least" },
    ],
    notes: SUBJECTS.map(
      (subject) =>
        `${subject}: ${of(subject)
          .map((round) => `${String(round.whole)} of ${String(RUNS)} whole, ${String(round.count)} deltas timed`)
          .join("; ")}.`,
    ),
  };
}

async function measure(server: ServerProcess): Promise<Round> {
  const begun = await server.usage();
  const begunAt = performance.now();
  const readings = await Promise.all(
    Array.from({ length: RUNS }, async (_, index) => {
      await delay(index * BETWEEN_STARTS_MS);
      return chat(server.url, chatBody(SCRIPT));
    }),
  );
  const seconds = (performance.now() - begunAt) / 1000;
  const ended = await server.usage();
  const readers = readings.map(stampArrivals);
  // Only while every run is under way: after the last one began, before the first one ended.
  const from = extent(readers.map((stamps) => stamps[0]?.atMicros ?? 0))[1] + SETTLE_MICROS;
  const to = extent(readers.map((stamps) => stamps.at(-1)?.atMicros ?? 0))[0];
  return {
    ...latenessWithin(readers, from, to),
    whole: readers.filter((stamps) => isComplete(stamps, SCRIPT.deltas)).length,
    cpuShare: (ended.cpuMicros - begun.cpuMicros) / 1e6 / seconds,
  };
}
