import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { chat, chatBody } from "../client/chat.ts";
import { wholeText } from "../client/frames.ts";
import { durationMs } from "../client/reader.ts";
import type { ServerProcess, Subject } from "../client/server-process.ts";
import { inTurn, withServers } from "../client/turns.ts";
import { wordsOf, type Script } from "../model/script.ts";
import type { Figure, Scenario, ScenarioOptions, ScenarioResult } from "../report/result.ts";
import { median } from "../report/statistics.ts";

const PEERS: readonly Subject[] = ["chat-stream", "durable-agent"];
const SUBJECTS: readonly Subject[] = ["holdfast", ...PEERS];
const SCRIPT: Script = { deltas: 20_000, perSecond: 0, text: "words" };
const ROUNDS = { warmUps: 5, measured: 15 };
/** Time for what a server does after the last byte, so that its CPU is counted in the round that caused it. */
const AFTERMATH_MS = 100;

/** How fast 20,000 text deltas of a model that never pauses reach a client, and what they cost the server. */
export const text: Scenario = { name: "text", title: "Text over HTTP: 20,000 deltas without a pause", run };

interface Round {
  readonly deltasPerSecond: number;
  readonly cpuMs: number;
  readonly megabytes: number;
}

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const rounds = await withServers(SUBJECTS, options, (servers) => inTurn(servers, ROUNDS, measure));
  const of = (subject: Subject, field: keyof Round): number[] => (rounds.get(subject) ?? []).map((round) => round[field]);
  const ratios = (field: keyof Round, peer: Subject): number[] => of("holdfast", field).map((value, round) => value / (of(peer, field)[round] ?? Number.NaN));
  return {
    figures: [
      ...SUBJECTS.flatMap((subject): Figure[] => [
        { subject, measure: "throughput", unit: "deltas/s", values: of(subject, "deltasPerSecond") },
        { subject, measure: "server CPU", unit: "ms", values: of(subject, "cpuMs") },
        { subject, measure: "bytes on the wire", unit: "MB", values: of(subject, "megabytes") },
      ]),
      ...PEERS.flatMap((peer): Figure[] => [
        { subject: `holdfast / ${peer}`, measure: "throughput", unit: "", values: ratios("deltasPerSecond", peer) },
        { subject: `holdfast / ${peer}`, measure: "server CPU", unit: "", values: ratios("cpuMs", peer) },
      ]),
    ],
    targets: [
      { claim: "throughput / handleChatStream", actual: median(ratios("deltasPerSecond", "chat-stream")), limit: 1.8, direction: "at least" },
      { claim: "server CPU / handleChatStream", actual: median(ratios("cpuMs", "chat-stream")), limit: 0.7, direction: "at most" },
    ],
    notes: ["The whole text arrived in every round (length and SHA-256 compared)."],
  };
}

async function measure(server: ServerProcess, subject: Subject): Promise<Round> {
  const before = await server.usage();
  const reading = await chat(server.url, chatBody(SCRIPT));
  await delay(AFTERMATH_MS);
  const after = await server.usage();
  verify(wholeText(reading), subject);
  return {
    deltasPerSecond: SCRIPT.deltas / (durationMs(reading) / 1000),
    cpuMs: (after.cpuMicros - before.cpuMicros) / 1000,
    megabytes: reading.arrivals.reduce((sum, arrival) => sum + arrival.bytes.length, 0) / 1e6,
  };
}

function verify(received: string, subject: Subject): void {
  const expected = wordsOf(SCRIPT.deltas);
  const hash = (value: string): string => createHash("sha256").update(value).digest("hex");
  if (received.length !== expected.length || hash(received) !== hash(expected)) {
    throw new Error(`${subject} delivered ${String(received.length)} characters that are not the ${String(expected.length)} the model wrote.`);
  }
}
