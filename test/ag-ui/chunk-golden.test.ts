import { EventSchema } from "@ag-ui/core/schemas";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AgUiEncoding, AgUiEvent, Generation } from "../../src/protocols/ag-ui/event.ts";
import { chunksOf, mustAccept, wireOf } from "../protocols/ag-ui-stock-client.ts";
import { agUiEncoder } from "../../src/protocols/ag-ui/encode.ts";
import { BRIDGE_CASES, CHUNK_CASES, CHUNK_TYPES, TELLING_NOTHING } from "./chunk-cases.ts";
import { recorded } from "./chunk-log.ts";
import type { ChunkCase, Given } from "./chunk-script.ts";
import { declaredChunkTypes } from "./declared-chunks.ts";

const FOLDER = new URL("golden/", import.meta.url);
const IS_UPDATE = process.env["UPDATE_GOLDEN"] === "1";
const FLAVOURS = ["ag-ui", "io-bridge"] as const;
const GENERATIONS = ["1.0", "0.0.59"] as const;

async function wire(
  chunkCase: Pick<ChunkCase, "chunks" | "isCanceled">,
  flavour: AgUiEncoding["flavour"],
  generation: Generation,
): Promise<readonly AgUiEvent[]> {
  const log = (await recorded(chunkCase)).flatMap(({ events }) => events);
  return wireOf(chunksOf({ runId: "run_golden", generation, flavour }, log), generation);
}

function linesOf(events: readonly AgUiEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

function mustBeGolden(name: string, lines: string): void {
  const file = new URL(`${name}.jsonl`, FOLDER);
  if (IS_UPDATE) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, lines);
  }
  expect(existsSync(file), `${file.pathname} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(lines).toBe(readFileSync(file, "utf8"));
}

async function mustMatchFiles({ name, ...chunkCase }: ChunkCase, flavour: AgUiEncoding["flavour"]): Promise<void> {
  const lines = linesOf(await wire(chunkCase, flavour, "1.0"));
  const before = linesOf(await wire(chunkCase, flavour, "0.0.59"));
  mustBeGolden(name, lines);
  const file = new URL(`${name}.0.jsonl`, FOLDER);
  if (before !== lines) mustBeGolden(`${name}.0`, before);
  else if (IS_UPDATE) rmSync(file, { force: true });
  expect(existsSync(file), `${file.pathname} tells what clients of 0.0.59 are told otherwise`).toBe(before !== lines);
}

describe("the events on the wire", () => {
  it.each(CHUNK_CASES)("for $name are the golden file", (chunkCase) => mustMatchFiles(chunkCase, "ag-ui"));

  it.each(BRIDGE_CASES)("for $name are the golden file", (chunkCase) => mustMatchFiles(chunkCase, "io-bridge"));

  it("have no golden file without a case", () => {
    const names = readdirSync(FOLDER).map((file) => file.replace(/(\.0)?\.jsonl$/, ""));
    const cases = [...CHUNK_CASES, ...BRIDGE_CASES].map(({ name }) => name);
    expect([...new Set(names)].toSorted()).toStrictEqual(cases.toSorted());
  });

  const cases = [...CHUNK_CASES, ...BRIDGE_CASES].flatMap((chunkCase) =>
    FLAVOURS.flatMap((flavour) => GENERATIONS.map((generation) => ({ ...chunkCase, flavour, generation }))),
  );

  it.each(cases)("for $name, of $flavour for clients of $generation, are accepted by the stock client", async ({ flavour, generation, ...chunkCase }) => {
    const events = await wire(chunkCase, flavour, generation);
    for (const event of events) expect(EventSchema.parse(event)).toStrictEqual(event);
    expect(isWhole(events), "a field is null or undefined").toBe(true);
    expect(events[0]?.type).toBe("RUN_STARTED");
    expect(events.filter(({ type }) => type === "RUN_FINISHED" || type === "RUN_ERROR")).toStrictEqual(events.slice(-1));
    await mustAccept(events);
  });
});

describe("a server's call whose result is missing", () => {
  it.each(["io-bridge-missing-result", "io-bridge-missing-result-of-last-step"])("has exactly one before the end: %s", async (name) => {
    const found = BRIDGE_CASES.find((one) => one.name === name);
    const events = await wire(found ?? { chunks: [] }, "io-bridge", "1.0");
    const results = events.flatMap((event, index) => (event.type === "TOOL_CALL_RESULT" && event.toolCallId === "c1" ? [{ ...event, index }] : []));
    expect(results).toMatchObject([{ messageId: "tool-result-c1", content: "", metadata: { holdfast: { missing: true } } }]);
    expect(results[0]?.index).toBeLessThan(events.length - 1);
    expect(events.at(-1)?.type).toBe("RUN_FINISHED");
  });
});

describe("the types of chunks", () => {
  it("that Mastra declares are all in the list", () => {
    const declared = declaredChunkTypes();
    expect(declared.length).toBeGreaterThan(60);
    expect(declared.filter((type) => !CHUNK_TYPES.includes(type))).toStrictEqual([]);
    expect(CHUNK_TYPES.filter((type) => !declared.includes(type))).toStrictEqual([]);
  });

  it.each(CHUNK_TYPES)("have a case that holds them: %s", (type) => {
    const cases = CHUNK_CASES.filter(({ types }) => types.includes(type));
    expect(cases).not.toStrictEqual([]);
    for (const { chunks } of cases) expect(chunks.flatMap(typesIn).filter((name) => isOf(type, name))).not.toStrictEqual([]);
  });

  it.each(CHUNK_TYPES.filter((type) => !TELLING_NOTHING.includes(type)))("are told to clients: %s", async (type) => {
    for (const chunkCase of CHUNK_CASES.filter(({ types }) => types.includes(type))) {
      expect(await isTold(type, chunkCase), chunkCase.name).toBe(true);
    }
  });

  it.each(TELLING_NOTHING)("change nothing for clients where they are named as telling nothing: %s", async (type) => {
    for (const chunkCase of CHUNK_CASES.filter(({ types }) => types.includes(type))) {
      expect(await isTold(type, chunkCase), chunkCase.name).toBe(false);
    }
  });
});

/** No chunk of these cases holds a `null` that a tool or a model gave. */
function isWhole(value: unknown): boolean {
  return value !== null && value !== undefined && (typeof value !== "object" || Object.values(value).every(isWhole));
}

/** Whether chunks of the type become events on the wire, or change those of others. */
async function isTold(type: string, chunkCase: ChunkCase): Promise<boolean> {
  const log = await recorded(chunkCase);
  const { initial, encode } = agUiEncoder({ runId: "run_golden", generation: "1.0", flavour: "ag-ui" });
  let state = initial;
  for (const [index, { events }] of log.entries()) {
    const given = chunkCase.chunks[index - 1];
    for (const event of events) {
      const [next, chunks] = encode(state, event);
      state = next;
      if (chunks.length > 0 && given !== undefined && typesIn(given).some((name) => isOf(type, name))) return true;
    }
  }
  const rest = { ...chunkCase, chunks: chunkCase.chunks.filter((given) => !typesIn(given).some((name) => isOf(type, name))) };
  return linesOf(await wire(rest, "ag-ui", "1.0")) !== linesOf(await wire(chunkCase, "ag-ui", "1.0"));
}

function isOf(type: string, name: string): boolean {
  return type.endsWith("*") ? name.startsWith(type.slice(0, -1)) : type === name;
}

/** The type of a chunk and of those inside it; none for an event of the driver's, and for its marker. */
function typesIn(given: Given): readonly string[] {
  const { type, payload } = given as { readonly type?: unknown; readonly payload?: { readonly output?: unknown; readonly holdfast?: unknown } };
  if (typeof type !== "string" || payload?.holdfast !== undefined) return [];
  const inner = payload?.output;
  return [type, ...(typeof inner === "object" && inner !== null ? typesIn(inner as Given) : [])];
}
