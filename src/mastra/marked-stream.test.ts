import { describe, expect, test } from "vitest";
import { markedStream } from "./marked-stream.ts";
import { FINISH_MARKER, TRUNCATION_MARKER } from "./model-marker.ts";
import type { StreamingModel, StreamPart } from "./streaming-model.ts";

const model: StreamingModel = { provider: "p", modelId: "m", doStream: () => Promise.reject(new Error("not asked")) };

function streamOf(parts: Iterable<StreamPart>): ReadableStream<StreamPart> {
  const iterator = parts[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const next = iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

async function typesIn(stream: ReadableStream<StreamPart>): Promise<readonly unknown[]> {
  const types: unknown[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    types.push(next.value.type === "raw" ? (next.value["rawValue"] as { holdfast: string }).holdfast : next.value.type);
  }
  return types;
}

const delta: StreamPart = { type: "text-delta", id: "t", delta: "x" };

describe("a model's stream with its marker", () => {
  test.each([
    ["a whole answer", [delta, { type: "finish", finishReason: "stop" }], ["text-delta", FINISH_MARKER, "finish"]],
    ["an answer that breaks off", [delta], ["text-delta", TRUNCATION_MARKER]],
    ["an error", [delta, { type: "error", error: "no" }], ["text-delta", "error"]],
  ] as const)("says what became of %s, whether it is read or piped", async (_, parts, types) => {
    expect(await typesIn(markedStream(streamOf(parts), model))).toEqual(types);
    const piped: unknown[] = [];
    await markedStream(streamOf(parts), model).pipeTo(new WritableStream({ write: (part) => void piped.push(part.type) }));
    expect(piped).toEqual(types.map((type) => (type === FINISH_MARKER || type === TRUNCATION_MARKER ? "raw" : type)));
  });

  test("leaves the event loop its turns although the model never pauses", async () => {
    const clock = { turns: 0 };
    function* endless(): Generator<StreamPart> {
      while (clock.turns < 5) yield delta;
    }
    const timer = setInterval(() => (clock.turns += 1), 1);
    // Without turns the timer would never fire and the stream would never end.
    const types = await typesIn(markedStream(streamOf(endless()), model));
    clearInterval(timer);
    expect(types.at(-1)).toBe(TRUNCATION_MARKER);
  });
});
