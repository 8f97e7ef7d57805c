import { describe, expect, test } from "vitest";
import {
  attach,
  call,
  cite,
  crash,
  cut,
  hang,
  lastUserText,
  part,
  raise,
  refuse,
  result,
  say,
  scriptedModel,
  stop,
  think,
  toolCallsIn,
  toolResultsIn,
  wait,
  type Move,
  type PromptMessage,
  type ScriptedModel,
} from "./scripted-model.ts";

interface Part {
  readonly [field: string]: unknown;
  readonly type: string;
}

const question: PromptMessage = { role: "user", content: [{ type: "text", text: "How warm is it?" }] };
const answered: readonly PromptMessage[] = [
  question,
  { role: "assistant", content: [{ type: "tool-call", toolCallId: "call_1", toolName: "weather", input: {} }] },
  { role: "tool", content: [{ type: "tool-result", toolCallId: "call_1", toolName: "weather", output: {} }] },
];

async function play(model: ScriptedModel, prompt: readonly PromptMessage[] = [question], abortSignal?: AbortSignal): Promise<readonly Part[]> {
  const { stream } = await model.doStream({ prompt, abortSignal });
  const parts: Part[] = [];
  for await (const one of stream as ReadableStream<Part>) parts.push(one);
  return parts;
}

function typesOf(parts: readonly Part[]): readonly string[] {
  return parts.map((one) => one.type);
}

describe("a scripted model", () => {
  test("speaks, thinks and calls in parts that stream", async () => {
    const model = scriptedModel({
      version: "v2",
      calls: [[think("Hm.", { signature: "s" }), say("It is", { deltas: 1 }), call("weather", { at: "Oslo" }, { pieces: 2 })]],
    });
    expect(await play(model)).toEqual([
      { type: "stream-start", warnings: [] },
      { type: "reasoning-start", id: "r0" },
      { type: "reasoning-delta", id: "r0", delta: "Hm." },
      { type: "reasoning-delta", id: "r0", delta: "", providerMetadata: { scripted: { signature: "s" } } },
      { type: "reasoning-end", id: "r0" },
      { type: "text-start", id: "t1" },
      { type: "text-delta", id: "t1", delta: "It is" },
      { type: "text-end", id: "t1" },
      { type: "tool-input-start", id: "call_1", toolName: "weather" },
      { type: "tool-input-delta", id: "call_1", delta: '{"at":"' },
      { type: "tool-input-delta", id: "call_1", delta: 'Oslo"}' },
      { type: "tool-input-end", id: "call_1" },
      { type: "tool-call", toolCallId: "call_1", toolName: "weather", input: '{"at":"Oslo"}' },
      { type: "finish", finishReason: "tool-calls", usage: { inputTokens: 20, outputTokens: 10, totalTokens: 30 } },
    ]);
  });

  test.each(["v3", "v4"] as const)("ends in the words of specification %s", async (version) => {
    const model = scriptedModel({ version, calls: [[stop({ usage: { inputTokens: 9, outputTokens: 4, cachedInputTokens: 3, reasoningTokens: 1 } })]] });
    expect(model.specificationVersion).toBe(version);
    expect((await play(model)).at(-1)).toEqual({
      type: "finish",
      finishReason: { unified: "stop", raw: "stop" },
      usage: { inputTokens: { total: 9, noCache: 6, cacheRead: 3, cacheWrite: undefined }, outputTokens: { total: 4, text: 3, reasoning: 1 } },
    });
  });

  test("repeats its last list when it is asked more often than it has lists", async () => {
    const model = scriptedModel({ calls: [[say("one")], [say("two")]] });
    await play(model);
    await play(model);
    expect((await play(model)).find((one) => one.type === "text-delta")?.["delta"]).toBe("two");
  });

  test("goes on from what the prompt shows, whatever process it is in", async () => {
    const script = (prompt: readonly PromptMessage[]): readonly Move[] =>
      toolResultsIn(prompt).length === 0 ? [call("weather")] : [say("Warm."), call("log")];
    expect((await play(scriptedModel({ calls: script }))).find((one) => one.type === "tool-call")?.["toolCallId"]).toBe("call_1");
    const later = await play(scriptedModel({ calls: script }), answered);
    expect(later.find((one) => one.type === "tool-call")).toMatchObject({ toolCallId: "call_2", toolName: "log" });
    expect(toolCallsIn(answered)).toEqual(["weather"]);
    expect(lastUserText(answered)).toBe("How warm is it?");
  });

  test("remembers what it was asked, and lets a test look before it answers", async () => {
    const numbers: number[] = [];
    const model = scriptedModel({ calls: [[say("x")]], onCall: ({ number }) => void numbers.push(number) });
    await play(model);
    await play(model, answered);
    expect(numbers).toEqual([1, 2]);
    expect(model.requests.map(({ prompt }) => prompt)).toEqual([[question], answered]);
  });

  test("says everything else that a provider can say", async () => {
    const moves = [
      cite("https://x.y", "X"),
      attach("image/png", "AQI="),
      result("w", "web", [1]),
      part({ type: "response-metadata", id: "m" }),
      raise("overloaded"),
    ];
    expect((await play(scriptedModel({ version: "v4", calls: [moves] }))).slice(1)).toEqual([
      { type: "source", sourceType: "url", id: "https://x.y", url: "https://x.y", title: "X" },
      { type: "file", mediaType: "image/png", data: { type: "data", data: "AQI=" } },
      { type: "tool-result", toolCallId: "w", toolName: "web", result: [1], isError: false },
      { type: "response-metadata", id: "m" },
      { type: "error", error: "overloaded" },
    ]);
  });

  test("breaks off, is cut off, and refuses", async () => {
    expect(typesOf(await play(scriptedModel({ calls: [[say("x", { isCut: true }), cut(), say("never")]] })))).toEqual([
      "stream-start",
      "text-start",
      "text-delta",
    ]);
    await expect(play(scriptedModel({ calls: [[say("x"), crash(new Error("broke"))]] }))).rejects.toThrow("broke");
    await expect(scriptedModel({ calls: [[say("x"), refuse(new Error("no"))]] }).doStream({ prompt: [] })).rejects.toThrow("no");
  });

  test("waits where it is told to", async () => {
    const gate = Promise.withResolvers<void>();
    const reader = (
      await scriptedModel({ calls: [[say("a", { isCut: true }), wait(gate.promise), say("b")]] }).doStream({ prompt: [] })
    ).stream.getReader() as ReadableStreamDefaultReader<Part>;
    for (let count = 0; count < 3; count += 1) await reader.read();
    let isThrough = false;
    const next = reader.read().then(({ value }) => {
      isThrough = true;
      return value;
    });
    await new Promise(setImmediate);
    expect(isThrough).toBe(false);
    gate.resolve();
    expect(await next).toEqual({ type: "text-start", id: "t1" });
  });

  test("stops when the call is aborted", async () => {
    const abort = new AbortController();
    const playing = play(scriptedModel({ calls: [[say("a"), hang()]] }), [question], abort.signal);
    abort.abort(new Error("enough"));
    await expect(playing).rejects.toThrow("enough");
    await expect(scriptedModel({ calls: [[]] }).doStream({ prompt: [], abortSignal: abort.signal })).rejects.toThrow("enough");
  });

  test("keeps the pace that it is given", async () => {
    const paced: string[] = [];
    await play(scriptedModel({ calls: [[say("a")]], pace: (one, index) => void paced.push(`${index} ${one.type}`) }));
    expect(paced).toEqual(["0 stream-start", "1 text-start", "2 text-delta", "3 text-end", "4 finish"]);
  });

  test("answers at once as well", async () => {
    const model = scriptedModel({ version: "v2", calls: [[think("Hm."), say("It is warm."), call("log", { ok: true })]] });
    expect(await model.doGenerate({ prompt: [question] })).toEqual({
      content: [
        { type: "reasoning", text: "Hm." },
        { type: "text", text: "It is warm." },
        { type: "tool-call", toolCallId: "call_1", toolName: "log", input: '{"ok":true}' },
      ],
      finishReason: "tool-calls",
      usage: { inputTokens: 20, outputTokens: 10, totalTokens: 30 },
      warnings: [],
    });
  });
});
