import { setTimeout as delay } from "node:timers/promises";
import { accepted, chat, chatBody } from "../client/chat.ts";
import { isComplete, stampArrivals } from "../client/frames.ts";
import { latenessFigures, latenessWithin, type Lateness } from "../client/latency.ts";
import { read, type Reading } from "../client/reader.ts";
import type { ServerProcess, Subject } from "../client/server-process.ts";
import { inTurn, withServers } from "../client/turns.ts";
import { nowMicros } from "../model/stamp.ts";
import type { Script } from "../model/script.ts";
import type { Scenario, ScenarioOptions, ScenarioResult } from "../report/result.ts";
import { extent, median } from "../report/statistics.ts";

const SUBJECTS: readonly Subject[] = ["holdfast", "durable-agent"];
const READERS = 500;
const SCRIPT: Script = { deltas: 500, perSecond: 50, text: "stamps" };
const BETWEEN_READERS_MS = 5;
const ROUNDS = { warmUps: 0, measured: 2 };
const SETTLE_MICROS = 500_000;

/** How late 500 readers of one run are. `handleChatStream` has one reader per run, so only the durable peer is compared. */
export const readers: Scenario = { name: "readers", title: "500 readers of one run at 50 deltas/s", run };

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
      { claim: "p99 from event to reader, ms", actual: median(of("holdfast").map((round) => round.p99Ms)), limit: 50, direction: "at most" },
      { claim: "readers that had the whole run", actual: extent(of("holdfast").map((round) => round.whole))[0], limit: READERS, direction: "at least" },
    ],
    notes: SUBJECTS.map(
      (subject) =>
        `${subject}: ${of(subject)
          .map((round) => `${String(round.whole)} of ${String(READERS)} whole, ${String(round.count)} deliveries timed`)
          .join("; ")}.`,
    ),
  };
}

async function measure(server: ServerProcess): Promise<Round> {
  const body = chatBody(SCRIPT);
  const begun = await server.usage();
  const begunAt = performance.now();
  let posted: Promise<Reading> | undefined;
  await new Promise<void>((resolve) => {
    posted = chat(server.url, body, { onFirstBytes: resolve });
  });
  const readings = await Promise.all(
    Array.from({ length: READERS }, async (_, index) => {
      await delay(index * BETWEEN_READERS_MS);
      return accepted(await read(`${server.url}/api/chat/${body.id}/stream?startIndex=0`));
    }),
  );
  await posted;
  const seconds = (performance.now() - begunAt) / 1000;
  const ended = await server.usage();
  const stamps = readings.map(stampArrivals);
  // Only once every reader is attached and past its replay.
  const from = extent(readings.map((reading) => reading.arrivals[0]?.atMicros ?? 0))[1] + SETTLE_MICROS;
  return {
    ...latenessWithin(stamps, from, nowMicros()),
    whole: stamps.filter((reader) => isComplete(reader, SCRIPT.deltas)).length,
    cpuShare: (ended.cpuMicros - begun.cpuMicros) / 1e6 / seconds,
  };
}
