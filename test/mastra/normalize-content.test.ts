import { describe, expect, test } from "vitest";
import { closeOpenParts, initialNormalizeState } from "../../src/mastra/normalize.ts";
import { chunk, events, fold, stepFinish, told } from "./chunk-fold.ts";

describe("text and reasoning", () => {
  test("carry ids made of the step and the provider's id", () => {
    const chunks = [chunk("text-start", { id: "t" }), chunk("text-delta", { id: "t", text: "Hi" }), chunk("text-end", { id: "t", type: "text-end" })];
    expect(told(chunks, initialNormalizeState({ firstStep: 3 }))).toEqual([
      { type: "text-start", id: "3.t" },
      { type: "text-delta", id: "3.t", text: "Hi" },
      { type: "text-end", id: "3.t" },
    ]);
  });

  test("get a counter when the provider uses an id again inside the step", () => {
    const part = [chunk("text-start", { id: "0" }), chunk("text-end", { id: "0" })];
    const thought = [chunk("reasoning-start", { id: "0" }), chunk("reasoning-end", { id: "0" })];
    const ids = (told([...part, ...part, ...thought, stepFinish("stop"), ...part]) as { id?: string; type: string }[])
      .filter((event) => event.type.endsWith("-start"))
      .map((event) => event.id);
    expect(ids).toEqual(["0.0", "0.0#2", "0.0#3", "1.0"]);
  });

  test("are ended and begun again when a part begins twice", () => {
    expect(told([chunk("text-start", { id: "t" }), chunk("text-start", { id: "t" })])).toEqual([
      { type: "text-start", id: "0.t" },
      { type: "text-end", id: "0.t" },
      { type: "text-start", id: "0.t#2" },
    ]);
  });

  test("begin with their first delta when nobody began them", () => {
    expect(told([chunk("text-delta", { id: "t", text: "Hi" }), chunk("text-end", { id: "unknown" })])).toEqual([
      { type: "text-start", id: "0.t" },
      { type: "text-delta", id: "0.t", text: "Hi" },
    ]);
  });

  test("leave out empty deltas", () => {
    expect(told([chunk("text-start", { id: "t" }), chunk("text-delta", { id: "t", text: "" }), chunk("text-delta", { id: "t" })])).toHaveLength(1);
  });

  test("keep a signature that comes in a delta, and tell it at the end", () => {
    const chunks = [
      chunk("reasoning-start", { id: "r", providerMetadata: { anthropic: { kind: "thinking" } } }),
      chunk("reasoning-delta", { id: "r", text: "hm" }),
      chunk("reasoning-delta", { id: "r", text: "", providerMetadata: { anthropic: { signature: "sig" } } }),
      chunk("reasoning-end", { id: "r" }),
    ];
    expect(told(chunks)).toEqual([
      { type: "reasoning-start", id: "0.r", providerMetadata: { anthropic: { kind: "thinking" } } },
      { type: "reasoning-delta", id: "0.r", text: "hm" },
      { type: "reasoning-end", id: "0.r", providerMetadata: { anthropic: { kind: "thinking", signature: "sig" } } },
    ]);
  });

  test("keep a signature that comes by itself", () => {
    const chunks = [chunk("reasoning-start", { id: "r" }), chunk("reasoning-signature", { id: "r", signature: "sig" }), chunk("reasoning-end", { id: "r" })];
    expect(told(chunks).at(-1)).toEqual({ type: "reasoning-end", id: "0.r", providerMetadata: { signed: { signature: "sig" } } });
  });

  test("leave a signature behind their end as it came", () => {
    const payload = { id: "r", signature: "sig" };
    const chunks = [chunk("reasoning-start", { id: "r" }), chunk("reasoning-end", { id: "r" }), chunk("reasoning-signature", payload)];
    expect(told(chunks).at(-1)).toEqual({ type: "raw", chunkType: "reasoning-signature", payload });
  });

  test("that is redacted is a part without text", () => {
    const providerMetadata = { redacted: { data: "opaque" }, anthropic: { kind: "redacted" } };
    expect(told([chunk("redacted-reasoning", { id: "r", data: "opaque", providerMetadata: { anthropic: { kind: "redacted" } } })])).toEqual([
      { type: "reasoning-start", id: "0.r", providerMetadata },
      { type: "reasoning-end", id: "0.r", providerMetadata },
    ]);
  });

  test.each([
    ["the step ends", stepFinish("stop")],
    ["the run ends", chunk("finish", {})],
    ["the run is aborted", chunk("abort", {})],
    ["the run fails", chunk("error", { error: new Error("no") })],
    ["a processor stops the run", chunk("tripwire", { reason: "no" })],
  ])("that are open are ended when %s", (_when, last) => {
    const { items } = fold([chunk("reasoning-start", { id: "r" }), chunk("text-start", { id: "t" }), last]);
    expect(events(items).slice(2, 4)).toEqual([
      { type: "reasoning-end", id: "0.r" },
      { type: "text-end", id: "0.t" },
    ]);
  });

  test("that are open can be ended from outside, once", () => {
    const { state } = fold([chunk("text-start", { id: "t" })]);
    const [closed, items] = closeOpenParts(state);
    expect(items).toEqual([{ event: { type: "text-end", id: "0.t" } }]);
    expect(closeOpenParts(closed)).toEqual([closed, []]);
  });
});

describe("other content", () => {
  const image = new Uint8Array([1, 2]);
  const rows: readonly (readonly [string, unknown, readonly unknown[]])[] = [
    [
      "a cited page",
      chunk("source", { id: "s", sourceType: "url", url: "https://x.y", title: "X" }),
      [{ type: "source", id: "s", sourceType: "url", url: "https://x.y", title: "X" }],
    ],
    [
      "a cited document",
      chunk("source", { id: "d", sourceType: "document", title: "D", mimeType: "text/plain", filename: "d.txt", providerMetadata: { p: { page: 1 } } }),
      [{ type: "source", id: "d", sourceType: "document", title: "D", mediaType: "text/plain", filename: "d.txt", providerMetadata: { p: { page: 1 } } }],
    ],
    [
      "a file of bytes",
      chunk("file", { data: image, mimeType: "image/png", filename: "a.png" }),
      [{ type: "file", mediaType: "image/png", base64: "AQI=", filename: "a.png" }],
    ],
    [
      "a file of base64 text",
      chunk("file", { data: "AQI=", base64: "AQI=", mimeType: "image/png" }),
      [{ type: "file", mediaType: "image/png", base64: "AQI=" }],
    ],
    [
      "a file as specification v4 gives it",
      chunk("file", { data: { type: "data", data: image }, mimeType: "image/png" }),
      [{ type: "file", mediaType: "image/png", base64: "AQI=" }],
    ],
    [
      "a file behind an address",
      chunk("file", { data: "https://x.y/a.png", mimeType: "image/png" }),
      [{ type: "file", mediaType: "image/png", url: "https://x.y/a.png" }],
    ],
    [
      "a file in a data address",
      chunk("file", { data: "data:image/png;base64,AQI=", mimeType: "image/png" }),
      [{ type: "file", mediaType: "image/png", base64: "AQI=" }],
    ],
    [
      "a file made while reasoning",
      chunk("reasoning-file", { data: image, mimeType: "image/png" }),
      [{ type: "file", mediaType: "image/png", base64: "AQI=", isReasoning: true }],
    ],
    [
      "custom content",
      chunk("custom", { kind: "openai.compaction", providerMetadata: { openai: { id: "c" } } }),
      [{ type: "custom", kind: "openai.compaction", providerMetadata: { openai: { id: "c" } } }],
    ],
    [
      "a data part",
      { type: "data-weather", id: "w", data: { at: new Date(0) }, transient: true },
      [{ type: "data", name: "weather", id: "w", data: { at: "1970-01-01T00:00:00.000Z" }, transient: true }],
    ],
    ["a data part without an id", { type: "data-note", data: 1 }, [{ type: "data", name: "note", data: 1 }]],
    ["a partial object", { type: "object", runId: "r1", from: "AGENT", object: { n: 1 } }, [{ type: "object", object: { n: 1 }, isFinal: false }]],
    ["the final object", { type: "object-result", runId: "r1", from: "AGENT", object: { n: 12 } }, [{ type: "object", object: { n: 12 }, isFinal: true }]],
    [
      "a tripwire",
      chunk("tripwire", { reason: "not allowed", processorId: "guard", metadata: { secret: 1 } }),
      [{ type: "tripwire", reason: "not allowed", processorId: "guard" }],
    ],
    ["a tripwire outside the envelope", { type: "tripwire", payload: { reason: "" } }, [{ type: "tripwire", reason: "A processor stopped the agent." }]],
  ];
  test.each(rows)("%s", (_name, one, expected) => {
    expect(told([one])).toEqual(expected);
  });
});
