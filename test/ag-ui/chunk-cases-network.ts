import { chunk } from "../mastra/chunk-fold.ts";
import { call, gave, started, toolRun, wrote, type ChunkCase } from "./chunk-script.ts";

const TOOL = "harbour_office";
const USAGE = { inputTokens: 20, outputTokens: 10, totalTokens: 30 };
const ASKED = { task: "When?", primitiveId: "pilot", primitiveType: "agent", prompt: "When?", result: "", selectionReason: "Knows tides.", iteration: 0 };
const ENDED = { ...ASKED, result: "At five.", isComplete: true, usage: USAGE, runId: "n1" };
const QUESTION = { toolCallId: "q1", toolName: "book", args: { berth: 7 }, resumeSchema: "{}", runId: "n1", selectionReason: "Books berths." };

/** What a network of agents says, by the type of the chunk. */
const SAYS: Readonly<Record<string, object>> = {
  "routing-agent-start": { agentId: "router", networkId: "office", runId: "n1", inputData: { ...ASKED, isOneOff: true, verboseIntrospection: false } },
  "routing-agent-text-start": { runId: "n1" },
  "routing-agent-text-delta": { text: "The pilot knows." },
  "routing-agent-end": ENDED,
  "routing-agent-abort": { primitiveType: "routing", primitiveId: "router" },
  "agent-execution-start": { agentId: "pilot", args: ASKED, runId: "n1" },
  "agent-execution-approval": { ...QUESTION, agentId: "pilot", usage: USAGE },
  "agent-execution-suspended": { ...QUESTION, agentId: "pilot", usage: USAGE, suspendPayload: { message: "Pay now?" } },
  "agent-execution-end": { task: "When?", agentId: "pilot", result: "At five.", isComplete: true, iteration: 0, usage: USAGE, runId: "n1" },
  "agent-execution-abort": { primitiveType: "agent", primitiveId: "pilot" },
  "agent-execution-event-*": { type: "text-delta", runId: "n2", from: "AGENT", payload: { id: "t", text: "At five." } },
  "workflow-execution-start": { name: "survey", workflowId: "survey", args: ASKED, runId: "n1" },
  "workflow-execution-suspended": { ...QUESTION, name: "survey", workflowId: "survey", usage: USAGE, suspendPayload: { message: "Which gauge?" } },
  "workflow-execution-end": { name: "survey", workflowId: "survey", ...ENDED },
  "workflow-execution-abort": { primitiveType: "workflow", primitiveId: "survey" },
  "workflow-execution-event-*": { type: "workflow-start", runId: "n2", from: "WORKFLOW", payload: { workflowId: "survey" } },
  "tool-execution-start": { args: { toolName: "tides", toolCallId: "q1", args: { port: "Brest" } }, runId: "n1" },
  "tool-execution-approval": QUESTION,
  "tool-execution-suspended": { ...QUESTION, suspendPayload: { message: "Pay now?" } },
  "tool-execution-end": {
    task: "When?",
    primitiveId: "tides",
    primitiveType: "tool",
    result: "05:12",
    isComplete: false,
    iteration: 0,
    toolCallId: "q1",
    toolName: "tides",
  },
  "tool-execution-abort": { primitiveType: "tool", primitiveId: "tides" },
  "network-execution-event-step-finish": { task: "When?", result: "At five.", isComplete: true, iteration: 0, runId: "n1" },
  "network-execution-event-finish": { ...ASKED, result: "At five.", completionReason: "Says when.", isOneOff: true, usage: USAGE },
  "network-validation-start": { runId: "n1", iteration: 0, checksCount: 1 },
  "network-validation-end": {
    runId: "n1",
    iteration: 0,
    passed: true,
    results: [],
    duration: 12,
    timedOut: false,
    maxIterationReached: false,
    suppressFeedback: false,
  },
  "network-object": { object: { at: "05" } },
  "network-object-result": { object: { at: "05:12" } },
};

/** What stands in the place of `*`. */
const EVENTS: Readonly<Record<string, string>> = {
  "agent-execution-event-*": "agent-execution-event-text-delta",
  "workflow-execution-event-*": "workflow-execution-event-workflow-start",
};

/** A network that a tool of an agent runs, handing on what it says. */
export const NETWORK_CASES: readonly ChunkCase[] = Object.entries(SAYS).map(([type, payload]) => {
  const named = EVENTS[type] ?? type;
  return {
    name: named,
    types: [type],
    chunks: toolRun(
      [call("c1", TOOL)],
      [started("c1", TOOL), wrote("c1", TOOL, { ...chunk(named, payload), runId: "n1", from: "NETWORK" }), gave("c1", TOOL, "At five.")],
    ),
  };
});
