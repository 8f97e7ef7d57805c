import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepted, chat, chatBody } from "../client/chat.ts";
import { durationMs, read, type Reading } from "../client/reader.ts";
import { wholeText } from "../client/frames.ts";
import { replayEvents } from "../client/events.ts";
import { ServerProcess } from "../client/server-process.ts";
import { wordsOf } from "../model/script.ts";
import type { Figure, Scenario, ScenarioOptions, ScenarioResult, Target } from "../report/result.ts";
import { median } from "../report/statistics.ts";
import { writeFinishedRun, type FinishedRun } from "../servers/finished-run.ts";

const ENTRIES = 10_000;
const NEAR_END = 5;
const ROUNDS = { warmUps: 3, measured: 15 };
const COLD_STARTS = 5;

/** How long a reader waits for the log of a finished run, whole or from near its end. */
export const replay: Scenario = { name: "replay", title: "Replay of a finished run of 10,000 entries", run };

/** What is measured, in milliseconds from the request to the end of the answer. */
const MEASURES = {
  events: "GET /v1/runs/:id/events, whole",
  eventsNearEnd: "GET /v1/runs/:id/events, last 5",
  chat: "GET /api/chat/:id/stream, whole",
  chatNearEnd: "GET /api/chat/:id/stream, last 5",
} as const;

type Round = Readonly<Record<keyof typeof MEASURES, number>>;
const KEYS = Object.keys(MEASURES) as readonly (keyof typeof MEASURES)[];

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const finished = await writeFinishedRun(directory, ENTRIES);
    const { warm, peer } = await warmRounds(directory, finished, options);
    const cold = await coldRounds(directory, finished);
    return report(warm, cold, peer);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function warmRounds(directory: string, finished: FinishedRun, options: ScenarioOptions): Promise<{ warm: Round[]; peer: number[] }> {
  const holdfast = await ServerProcess.start("holdfast", { directory, ...options });
  const durable = await ServerProcess.start("durable-agent");
  try {
    const body = chatBody({ deltas: ENTRIES, perSecond: 0, text: "words" });
    await chat(durable.url, body);
    const warm: Round[] = [];
    const peer: number[] = [];
    for (let round = 0; round < ROUNDS.warmUps + ROUNDS.measured; round += 1) {
      const own = await readAll(holdfast.url, finished);
      const other = durationMs(verified(await read(`${durable.url}/api/chat/${body.id}/stream?startIndex=0`)));
      if (round < ROUNDS.warmUps) continue;
      warm.push(own);
      peer.push(other);
    }
    return { warm, peer };
  } finally {
    await Promise.all([holdfast.stop(), durable.stop()]);
  }
}

/** A process that has served nothing yet; every measure is the first request of a process of its own. */
async function coldRounds(directory: string, finished: FinishedRun): Promise<ReadonlyMap<keyof Round, number[]>> {
  const cold = new Map<keyof Round, number[]>(KEYS.map((key) => [key, []]));
  for (let start = 0; start < COLD_STARTS; start += 1) {
    for (const key of KEYS) {
      const server = await ServerProcess.start("holdfast", { directory });
      // The connection and the code of the HTTP server are not what is asked about.
      await read(`${server.url}/healthz`);
      cold.get(key)?.push(await READ[key](server.url, finished));
      await server.stop();
    }
  }
  return cold;
}

async function readAll(url: string, finished: FinishedRun): Promise<Round> {
  return {
    events: await READ.events(url, finished),
    eventsNearEnd: await READ.eventsNearEnd(url, finished),
    chat: await READ.chat(url, finished),
    chatNearEnd: await READ.chatNearEnd(url, finished),
  };
}

const READ: Readonly<Record<keyof Round, (url: string, finished: FinishedRun) => Promise<number>>> = {
  events: async (url, finished) => {
    const { text, ms } = await replayEvents(url, finished.runId, "-1");
    if (text !== wordsOf(ENTRIES)) throw new Error("The events of the run are not what was written.");
    return ms;
  },
  eventsNearEnd: async (url, finished) => (await replayEvents(url, finished.runId, finished.nearEnd)).ms,
  chat: async (url, finished) => durationMs(verified(await read(`${url}/api/chat/${finished.runId}/stream?startIndex=0`))),
  chatNearEnd: async (url, finished) => durationMs(accepted(await read(`${url}/api/chat/${finished.runId}/stream?startIndex=-${String(NEAR_END)}`))),
};

function verified(reading: Reading): Reading {
  if (wholeText(accepted(reading)) !== wordsOf(ENTRIES)) throw new Error("The replay is not what was written.");
  return reading;
}

function report(warm: readonly Round[], cold: ReadonlyMap<keyof Round, number[]>, peer: readonly number[]): ScenarioResult {
  const figure = (key: keyof Round, state: "warm" | "cold"): Figure => ({
    subject: "holdfast",
    measure: `${MEASURES[key]}, ${state}`,
    unit: "ms",
    values: state === "warm" ? warm.map((round) => round[key]) : (cold.get(key) ?? []),
  });
  const target = (key: keyof Round, state: "warm" | "cold", limit: number): Target => ({
    claim: `${MEASURES[key]}, ${state}, ms`,
    actual: median(figure(key, state).values),
    limit,
    direction: "at most",
  });
  return {
    figures: [
      ...KEYS.flatMap((key) => [figure(key, "warm"), figure(key, "cold")]),
      { subject: "durable-agent", measure: "observe() over SSE, whole, warm", unit: "ms", values: peer },
    ],
    targets: [
      target("events", "warm", 60),
      target("chat", "warm", 60),
      ...(["warm", "cold"] as const).flatMap((state) => [target("eventsNearEnd", state, 10), target("chatNearEnd", state, 10)]),
    ],
    notes: ["Cold: the first read of a process that has answered /healthz only.", "Every whole replay was compared with what was written."],
  };
}
