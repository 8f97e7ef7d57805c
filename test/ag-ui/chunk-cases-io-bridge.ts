import { TRUNCATION_MARKER } from "../../src/mastra/model-marker.ts";
import { chunk, stepFinish } from "../mastra/chunk-fold.ts";
import { streamed } from "./chunk-cases-tools.ts";
import { answer, call, finish, gave, modelFinished, said, START, started, STEP_START, toolRun, type ChunkCase, type Given } from "./chunk-script.ts";

/** A text and a call that nothing ends. */
const OPEN: readonly Given[] = [
  START,
  STEP_START,
  chunk("text-start", { id: "t" }),
  chunk("text-delta", { id: "t", text: "I look" }),
  chunk("tool-call-input-streaming-start", { toolCallId: "c1", toolName: "tides" }),
  chunk("tool-call-delta", { toolCallId: "c1", toolName: "tides", argsTextDelta: '{"port"' }),
];

/** Streams that an io-bridge is to translate without a flaw. */
export const BRIDGE_CASES: readonly ChunkCase[] = [
  {
    name: "io-bridge-every-row",
    types: [],
    chunks: toolRun(
      [...said("I ", "look."), ...streamed("c1", "tides", '{"port"', ':"Brest"}'), call("c1", "tides"), call("c2", "tides", { port: "Roscoff" })],
      [started("c1", "tides"), started("c2", "tides"), gave("c1", "tides", "05:12"), gave("c2", "tides", { at: "06:01" })],
    ),
  },
  {
    name: "io-bridge-delta-before-start",
    types: [],
    chunks: answer(
      chunk("text-delta", { id: "t", text: "At " }),
      chunk("text-delta", { id: "t", text: "five." }),
      chunk("text-end", { id: "t", type: "text-end" }),
    ),
  },
  {
    name: "io-bridge-start-behind-delta",
    types: [],
    chunks: answer(
      chunk("text-delta", { id: "t", text: "At " }),
      chunk("text-start", { id: "t" }),
      chunk("text-delta", { id: "t", text: "five." }),
      chunk("text-end", { id: "t", type: "text-end" }),
    ),
  },
  {
    name: "io-bridge-repeated-whole-call",
    types: [],
    chunks: toolRun(
      [...streamed("c1", "tides", '{"port":', '"Brest"}'), call("c1", "tides"), call("c1", "tides"), call("c2", "tides"), call("c2", "tides")],
      [started("c1", "tides"), started("c2", "tides"), gave("c1", "tides", "05:12"), gave("c2", "tides", "05:12"), gave("c2", "tides", "05:12")],
    ),
  },
  { name: "io-bridge-end-without-close", types: [], chunks: [...OPEN, stepFinish(undefined, { usage: {} }), finish(undefined)] },
  { name: "io-bridge-stream-closes", types: [], chunks: OPEN },
  { name: "io-bridge-model-breaks-off", types: [], chunks: [...OPEN, chunk("raw", { holdfast: TRUNCATION_MARKER }), stepFinish(undefined), finish(undefined)] },
  {
    name: "io-bridge-error-with-open-text-and-call",
    types: [],
    chunks: [...OPEN, chunk("error", { error: new Error("Overloaded.") }), stepFinish("error"), finish("error")],
  },
  {
    name: "io-bridge-missing-result",
    types: [],
    chunks: toolRun(
      [call("c1", "tides"), call("c2", "tides", { port: "Roscoff" })],
      [started("c1", "tides"), started("c2", "tides"), gave("c2", "tides", "06:01")],
    ),
  },
  {
    name: "io-bridge-missing-result-of-last-step",
    types: [],
    chunks: [START, STEP_START, call("c1", "tides"), modelFinished("tool-calls"), started("c1", "tides"), stepFinish("tool-calls"), finish("tool-calls")],
  },
];
