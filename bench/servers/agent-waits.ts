import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { createEngine } from "../../src/holdfast.ts";
import { START } from "../../src/core/offset.ts";
import { nowMicros, parseStamps } from "../model/stamp.ts";
import type { Script } from "../model/script.ts";
import { percentile } from "../report/statistics.ts";
import { benchMastra } from "./agents.ts";
import { LOG_FILE, PLAIN_AGENT } from "./names.ts";

/** From the model's stamp to a reader in the same process, in milliseconds. */
export interface AgentWaits {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What one process found: with the engine, committed and read from its log, and with `agent.stream()` alone, read as it comes. */
export interface AgentWaitsReport {
  readonly engine: AgentWaits;
  readonly plain: AgentWaits;
}

const SCRIPT: Script = { deltas: 20_000, perSecond: 0, text: "stamps" };
const WARM_UPS = 4;
const ROUNDS = 3;
const PRINCIPAL = { resourceId: "bench" };

const directory = process.argv[2] ?? ".";
const mastra = benchMastra(directory);
const engine = await createEngine({ mastra, store: `sqlite:${join(directory, LOG_FILE)}` });
const waits = { engine: [] as number[], plain: [] as number[] };
for (let round = 0; round < WARM_UPS + ROUNDS; round += 1) {
  const measured = { engine: await throughEngine(), plain: await plainly() };
  if (round < WARM_UPS) continue;
  waits.engine.push(...measured.engine);
  waits.plain.push(...measured.plain);
}
await engine.close();
process.send?.({ engine: summary(waits.engine), plain: summary(waits.plain) } satisfies AgentWaitsReport, () => process.exit(0));

async function throughEngine(): Promise<readonly number[]> {
  const message = { id: randomUUID(), role: "user", parts: [{ type: "text", text: JSON.stringify(SCRIPT) }] };
  const run = await engine.start(PRINCIPAL, { agentId: PLAIN_AGENT, input: { messages: [message], trigger: "submit" } });
  const arrivals: { readonly text: string; readonly atMicros: number }[] = [];
  for await (const entries of engine.tail(run, START, new AbortController().signal)) {
    const atMicros = nowMicros();
    for (const { event } of entries) if (event.type === "text-delta") arrivals.push({ text: event.text, atMicros });
  }
  return waitsOf(arrivals);
}

async function plainly(): Promise<readonly number[]> {
  const output = await mastra.getAgentById(PLAIN_AGENT).stream([{ role: "user", content: JSON.stringify(SCRIPT) }]);
  const arrivals: { readonly text: string; readonly atMicros: number }[] = [];
  const reader = output.fullStream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (next.value.type === "text-delta") arrivals.push({ text: next.value.payload.text, atMicros: nowMicros() });
  }
  return waitsOf(arrivals);
}

function waitsOf(arrivals: readonly { readonly text: string; readonly atMicros: number }[]): readonly number[] {
  return arrivals.flatMap(({ text, atMicros }) => parseStamps(text).map((stamp) => (atMicros - stamp.atMicros) / 1000));
}

function summary(values: readonly number[]): AgentWaits {
  return { p50Ms: percentile(values, 0.5), p99Ms: percentile(values, 0.99), maxMs: percentile(values, 1) };
}
