import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { textArrivals } from "../client/frames.ts";
import { durationMs, type Reading } from "../client/reader.ts";
import type { ServerProcess, Subject } from "../client/server-process.ts";
import { inTurn, withServers } from "../client/turns.ts";
import { wordsOf, type Script } from "../model/script.ts";
import type { Figure, ScenarioOptions, ScenarioResult, Target } from "../report/result.ts";
import { median } from "../report/statistics.ts";

const SCRIPT: Script = { deltas: 20_000, perSecond: 0, text: "words" };
const ROUNDS = { warmUps: 5, measured: 15 };
/** Time for what a server does after the last byte, so that its CPU is counted in the round that caused it. */
const AFTERMATH_MS = 100;

/** A comparison of the product with peers that serve the same text over one protocol. */
export interface Comparison {
  readonly peers: readonly Subject[];
  /** Asks a server for the script and reads its whole answer. */
  readonly ask: (server: ServerProcess, subject: Subject, script: Script) => Promise<Reading>;
  /** What the medians of the ratios, product over peer, are held against. */
  readonly limits: readonly (Omit<Target, "actual"> & { readonly peer: Subject; readonly field: "deltasPerSecond" | "cpuMs" })[];
}

interface Round {
  readonly deltasPerSecond: number;
  readonly cpuMs: number;
  readonly megabytes: number;
  readonly textEvents: number;
}

/** How fast 20,000 text deltas of a model that never pauses reach a client, and what they cost the server. */
export async function compareThroughput({ peers, ask, limits }: Comparison, options: ScenarioOptions): Promise<ScenarioResult> {
  const subjects: readonly Subject[] = ["holdfast", ...peers];
  const rounds = await withServers(subjects, options, (servers) => inTurn(servers, ROUNDS, (server, subject) => measure(server, subject, ask)));
  const of = (subject: Subject, field: keyof Round): number[] => (rounds.get(subject) ?? []).map((round) => round[field]);
  const ratios = (field: keyof Round, peer: Subject): number[] => of("holdfast", field).map((value, round) => value / (of(peer, field)[round] ?? Number.NaN));
  return {
    figures: [
      ...subjects.flatMap((subject): Figure[] => [
        { subject, measure: "throughput", unit: "deltas/s", values: of(subject, "deltasPerSecond") },
        { subject, measure: "server CPU", unit: "ms", values: of(subject, "cpuMs") },
        { subject, measure: "bytes on the wire", unit: "MB", values: of(subject, "megabytes") },
        { subject, measure: "events with text", unit: "", values: of(subject, "textEvents") },
      ]),
      ...peers.flatMap((peer): Figure[] => [
        { subject: `holdfast / ${peer}`, measure: "throughput", unit: "", values: ratios("deltasPerSecond", peer) },
        { subject: `holdfast / ${peer}`, measure: "server CPU", unit: "", values: ratios("cpuMs", peer) },
      ]),
    ],
    targets: limits.map(({ peer, field, ...target }) => ({ ...target, actual: median(ratios(field, peer)) })),
    notes: ["The whole text arrived in every round (length and SHA-256 compared)."],
  };
}

async function measure(server: ServerProcess, subject: Subject, ask: Comparison["ask"]): Promise<Round> {
  const before = await server.usage();
  const reading = await ask(server, subject, SCRIPT);
  await delay(AFTERMATH_MS);
  const after = await server.usage();
  const texts = textArrivals(reading).map((arrival) => arrival.text);
  verify(texts.join(""), subject);
  return {
    deltasPerSecond: SCRIPT.deltas / (durationMs(reading) / 1000),
    cpuMs: (after.cpuMicros - before.cpuMicros) / 1000,
    megabytes: reading.arrivals.reduce((sum, arrival) => sum + arrival.bytes.length, 0) / 1e6,
    textEvents: texts.length,
  };
}

function verify(received: string, subject: Subject): void {
  const expected = wordsOf(SCRIPT.deltas);
  const hash = (value: string): string => createHash("sha256").update(value).digest("hex");
  if (received.length !== expected.length || hash(received) !== hash(expected)) {
    throw new Error(`${subject} delivered ${String(received.length)} characters that are not the ${String(expected.length)} the model wrote.`);
  }
}
