import { chunk } from "../mastra/chunk-fold.ts";
import { call, gave, started, toolRun, wrote, type ChunkCase } from "./chunk-script.ts";

const STEP = { id: "gauge", stepCallId: "s1", payload: { port: "Brest" } };
const TOOL = "workflow-survey";

/** What the workflow of a tool says, by the type of the chunk. */
const SAYS: Readonly<Record<string, readonly object[]>> = {
  "workflow-start": [{ workflowId: "survey" }],
  "workflow-step-start": [{ ...STEP, status: "running" }],
  "workflow-step-result": [{ ...STEP, status: "success", output: { depth: 9 } }],
  "workflow-step-suspended": [{ id: "gauge", status: "suspended", payload: { port: "Brest" }, suspendPayload: { message: "Which gauge?" } }],
  "workflow-step-waiting": [{ id: "gauge", payload: { port: "Brest" }, startedAt: 0, status: "waiting" }],
  "workflow-step-progress": [{ id: "gauges", completedCount: 1, totalCount: 2, currentIndex: 0, iterationStatus: "success", iterationOutput: { depth: 9 } }],
  "workflow-step-finish": [{ id: "gauge", metadata: {} }],
  "workflow-step-output": [
    { output: { done: 1, of: 2 }, stepName: "gauge" },
    { output: { type: "text-start", runId: "sub-1", from: "AGENT", payload: { id: "t" } }, stepName: "gauge" },
    { output: { type: "text-delta", runId: "sub-1", from: "AGENT", payload: { id: "t", text: "Nine metres." } }, stepName: "gauge" },
    { output: { type: "text-end", runId: "sub-1", from: "AGENT", payload: { id: "t", type: "text-end" } }, stepName: "gauge" },
  ],
  "workflow-finish": [
    {
      workflowStatus: "success",
      finalWorkflowResult: { depth: 9 },
      output: { usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 } },
      metadata: {},
    },
  ],
  "workflow-canceled": [{}],
  "workflow-paused": [{}],
};

/** A workflow that an agent calls as a tool. */
export const WORKFLOW_CASES: readonly ChunkCase[] = Object.entries(SAYS).map(([type, payloads]) => ({
  name: type,
  types: [type],
  chunks: toolRun(
    [call("c1", TOOL)],
    [
      started("c1", TOOL),
      ...payloads.map((payload) => wrote("c1", TOOL, { ...chunk(type, payload), runId: "wf-1", from: "WORKFLOW" })),
      gave("c1", TOOL, { result: { depth: 9 }, runId: "wf-1" }),
    ],
  ),
}));
