import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coalesce } from "../../src/core/coalesce.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import type { AiSdkVersion, UiMessageChunk } from "../../src/protocols/ai-sdk/chunk.ts";
import { aiSdkEncoder } from "../../src/protocols/ai-sdk/encode.ts";
import { entriesOf, GOLDEN_RUN_ID, goldenCases, goldenEvents } from "./golden-log.ts";
import { randomLog } from "./random-log.ts";
import { callsBefore, UiMessageClient } from "./ui-message-client.ts";

const VERSIONS: readonly AiSdkVersion[] = [5, 6, 7];

interface Fields {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  readonly since?: 6 | 7;
}

/** The types and fields that every release of a major version reads, from its first strict schemas on. */
const ALLOWED: Readonly<Record<string, Fields>> = {
  start: { required: ["messageId", "messageMetadata"] },
  finish: { required: [], optional: ["finishReason"] },
  abort: { required: [] },
  error: { required: ["errorText"] },
  "start-step": { required: [] },
  "finish-step": { required: [] },
  "reset-step": { required: [], since: 7 },
  "text-start": { required: ["id"] },
  "text-delta": { required: ["id", "delta"] },
  "text-end": { required: ["id"] },
  "reasoning-start": { required: ["id"] },
  "reasoning-delta": { required: ["id", "delta"] },
  "reasoning-end": { required: ["id"] },
  "tool-input-start": { required: ["toolCallId", "toolName"], optional: ["providerExecuted", "dynamic"] },
  "tool-input-delta": { required: ["toolCallId", "inputTextDelta"] },
  "tool-input-available": { required: ["toolCallId", "toolName", "input"], optional: ["providerExecuted", "dynamic"] },
  "tool-input-error": { required: ["toolCallId", "toolName", "input", "errorText"], optional: ["providerExecuted", "dynamic"] },
  "tool-approval-request": { required: ["approvalId", "toolCallId"], since: 6 },
  "tool-output-available": { required: ["toolCallId", "output"], optional: ["providerExecuted", "dynamic"] },
  "tool-output-error": { required: ["toolCallId", "errorText"], optional: ["providerExecuted", "dynamic"] },
  "tool-output-denied": { required: ["toolCallId"], since: 6 },
  "source-url": { required: ["sourceId", "url"], optional: ["title"] },
  "source-document": { required: ["sourceId", "mediaType", "title"], optional: ["filename"] },
  file: { required: ["url", "mediaType"] },
  "data-": { required: ["data"], optional: ["id", "transient"] },
};

const FINISH_REASONS = ["stop", "length", "content-filter", "tool-calls", "error", "other"];

function assertAccepted(chunk: UiMessageChunk, version: AiSdkVersion): void {
  const fields = ALLOWED[chunk.type.startsWith("data-") ? "data-" : chunk.type];
  if (fields === undefined || (fields.since ?? 5) > version) throw new Error(`version ${version} does not know ${chunk.type}`);
  // What a client sees is what JSON leaves of a chunk.
  const sent = JSON.parse(JSON.stringify(chunk)) as Record<string, unknown>;
  const names = Object.keys(sent).filter((name) => name !== "type");
  const missing = fields.required.filter((name) => !names.includes(name));
  const unknown = names.filter((name) => !fields.required.includes(name) && fields.optional?.includes(name) !== true);
  if (missing.length + unknown.length > 0) throw new Error(`${chunk.type}: missing ${missing.join()}, unknown ${unknown.join()}`);
  if (sent["finishReason"] !== undefined) expect(FINISH_REASONS).toContain(sent["finishReason"]);
}

function chunksOf(events: readonly RunEvent[], version: AiSdkVersion): readonly UiMessageChunk[] {
  const { initial, encode } = aiSdkEncoder({ version, runId: GOLDEN_RUN_ID });
  const chunks: UiMessageChunk[] = [];
  let state = initial;
  for (const event of events) {
    const [next, encoded] = encode(Object.freeze(state), event);
    state = next;
    chunks.push(...encoded);
  }
  return chunks;
}

function read(events: readonly RunEvent[], version: AiSdkVersion): UiMessageClient {
  const client = new UiMessageClient(version, callsBefore(events, version));
  for (const chunk of chunksOf(events, version)) client.take(chunk);
  return client;
}

describe.each(VERSIONS)("version %i", (version) => {
  it.each(goldenCases)("accepts every chunk of %s, and its message has nothing open at the end", (name) => {
    const events = goldenEvents(name);
    for (const chunk of chunksOf(events, version)) assertAccepted(chunk, version);
    const client = read(events, version);
    expect(client.isFinished).toBe(true);
    expect(client.parts.filter(({ state }) => state === "streaming" || state === "input-streaming")).toEqual([]);
  });

  it("accepts every chunk of any log, however disordered, and sees its finish", () => {
    fc.assert(
      fc.property(randomLog, (events) => {
        for (const chunk of chunksOf(events, version)) assertAccepted(chunk, version);
        const client = read(events, version);
        expect(client.isFinished).toBe(true);
        expect(client.parts.filter(({ state }) => state === "streaming" || state === "input-streaming")).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("shows the same message whether or not deltas were joined in the log", () => {
    fc.assert(
      fc.property(randomLog, (events) => {
        expect(read(coalesce(events), version).parts).toEqual(read(events, version).parts);
      }),
      { numRuns: 300 },
    );
  });

  it("is given nothing after the terminal event", () => {
    const { initial, encode } = aiSdkEncoder({ version });
    const [ended] = encode(initial, { type: "run-completed" });
    expect(encode(ended, { type: "text-start", id: "t" })).toEqual([ended, []]);
    expect(encode(ended, { type: "run-canceled" })).toEqual([ended, []]);
  });

  it("costs no state for a delta", () => {
    const { initial, encode } = aiSdkEncoder({ version });
    const [begun] = encode(initial, { type: "step-started", step: 0 });
    const [open] = encode(begun, { type: "text-start", id: "t" });
    expect(encode(open, { type: "text-delta", id: "t", text: "a" })[0]).toBe(open);
    expect(encode(open, { type: "text-delta", id: "u", text: "a" })).toEqual([open, []]);
  });
});

describe("a superseded step", () => {
  const superseded = goldenCases.filter((name) => name.startsWith("superseded"));

  it.each(superseded)("of %s leaves no trace in the message of a version 7 client", (name) => {
    const events = goldenEvents(name);
    const shown = read(events, 7).parts.filter(({ type }) => type === "text" || type === "reasoning");
    const kept = transcriptOf(entriesOf(events)).steps.flatMap((step) => step.parts);
    expect(shown.map(({ text }) => text)).toEqual(kept.flatMap((part) => (part.type === "text" || part.type === "reasoning" ? [part.text] : [])));
  });

  it.each(["superseded-text", "superseded-tools"])("of %s stays before a marker in an older client, and a step of its own follows", (name) => {
    for (const version of [5, 6] as const) {
      const types = read(goldenEvents(name), version).parts.map(({ type }) => type);
      const marker = types.indexOf("data-superseded");
      expect(types[marker + 1]).toBe("step-start");
      expect(types.filter((type) => type === "data-superseded")).toHaveLength(1);
    }
  });

  it("that had sent nothing is not mentioned", () => {
    for (const version of VERSIONS) {
      const types = chunksOf(goldenEvents("superseded-nothing-sent"), version).map(({ type }) => type);
      expect(types.filter((type) => type === "start-step")).toHaveLength(1);
      expect(types).not.toContain("reset-step");
      expect(types).not.toContain("data-superseded");
    }
  });
});
