import { chunk, stepFinish } from "../mastra/chunk-fold.ts";
import { answer, finish, modelFinished, said, START, STEP_START, type ChunkCase, type Given } from "./chunk-script.ts";

/** Half an answer: its text is open. */
const HALF: readonly Given[] = [START, STEP_START, chunk("text-start", { id: "t" }), chunk("text-delta", { id: "t", text: "At" })];

/** The ends of a run, and chunks that end nothing. */
export const END_CASES: readonly ChunkCase[] = [
  {
    name: "finish-length",
    types: ["finish"],
    chunks: [START, STEP_START, ...said("At"), modelFinished("length"), stepFinish("length"), finish("length")],
  },
  { name: "error", types: ["error"], chunks: [...HALF, chunk("error", { error: new Error("Overloaded.") }), stepFinish("error"), finish("error")] },
  {
    name: "error-as-part",
    types: ["error"],
    chunks: [
      ...HALF,
      chunk("error", { type: "error", error: { message: "Overloaded.", stack: "Error: Overloaded.\n    at secret" } }),
      stepFinish("error"),
      finish("error"),
    ],
  },
  { name: "abort", types: ["abort"], isCanceled: true, chunks: [...HALF, chunk("abort"), finish("tripwire")] },
  {
    name: "tripwire-input",
    types: ["tripwire"],
    chunks: [chunk("tripwire", { reason: "Not allowed.", retry: false, processorId: "guard", metadata: { list: "secret" } })],
  },
  { name: "tripwire-word", types: ["tripwire"], chunks: [...HALF, chunk("tripwire", { reason: "Bad words.", processorId: "guard" })] },
  {
    name: "tripwire-answer",
    types: ["step-finish"],
    chunks: [
      START,
      STEP_START,
      ...said("At five."),
      modelFinished("stop"),
      stepFinish("tripwire", { steps: [{ tripwire: { reason: "Say more.", processorId: "guard" } }] }),
      finish("tripwire"),
    ],
  },
  {
    name: "tells-nothing",
    types: ["start", "response-metadata", "raw", "watch", "background-task-progress"],
    chunks: answer(
      chunk("response-metadata", { id: "resp_1", modelId: "scripted-1", timestamp: new Date(0) }),
      chunk("raw", { choices: [{ delta: { content: "At " } }] }),
      chunk("watch", { workflowState: { status: "running" } }),
      chunk("background-task-progress", { taskIds: ["b1"], runningCount: 1, elapsedMs: 3000 }),
      ...said("At ", "five."),
    ),
  },
];
