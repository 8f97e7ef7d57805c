import type { InterruptRequest } from "../../src/core/interrupt.ts";
import { chunk, stepFinish } from "../mastra/chunk-fold.ts";
import {
  call,
  finish,
  gave,
  lastWord,
  modelFinished,
  said,
  START,
  started,
  STEP_START,
  TOOLS_FINISH,
  toolRun,
  wrote,
  type ChunkCase,
  type Given,
} from "./chunk-script.ts";

const APPROVAL = JSON.stringify({ type: "object", properties: { approved: { type: "boolean" } }, required: ["approved"] });
const PAYMENT = JSON.stringify({ type: "object", properties: { pay: { type: "boolean" } } });
const PICK: InterruptRequest = { id: "int_golden_1_0", kind: "frontend-tool", toolCallId: "c1", toolName: "pick_berth", input: { free: [3, 7] } };

export function streamed(toolCallId: string, toolName: string, ...pieces: readonly string[]): readonly Given[] {
  return [
    chunk("tool-call-input-streaming-start", { toolCallId, toolName, title: "Tides" }),
    ...pieces.map((argsTextDelta) => chunk("tool-call-delta", { toolCallId, toolName, argsTextDelta })),
    chunk("tool-call-input-streaming-end", { toolCallId }),
  ];
}

/** A call of one tool, and what came of it. */
function one(toolName: string, ...outcomes: readonly Given[]): readonly Given[] {
  return toolRun([call("c1", toolName)], [started("c1", toolName), ...outcomes]);
}

/** A run that ends where a tool asks. */
function asking(type: string, args: object, more: object): readonly Given[] {
  const question = chunk(type, { toolCallId: "c1", toolName: "book", args, ...more });
  return [START, STEP_START, ...said("Shall I?"), call("c1", "book", args), modelFinished("tool-calls"), question];
}

/** What a model asks tools for. */
export const CALL_CASES: readonly ChunkCase[] = [
  {
    name: "tool-call-streamed",
    types: ["tool-call-input-streaming-start", "tool-call-delta", "tool-call-input-streaming-end", "tool-call", "tool-result"],
    chunks: toolRun([...streamed("c1", "tides", '{"port"', ':"Brest"}'), call("c1", "tides")], [started("c1", "tides"), gave("c1", "tides", "05:12")]),
  },
  {
    name: "tool-call-no-arguments",
    types: ["tool-call-input-streaming-start", "tool-call"],
    chunks: toolRun([...streamed("c1", "now"), call("c1", "now", {})], [started("c1", "now"), gave("c1", "now", "05:12")]),
  },
  {
    name: "tool-call-whole",
    types: ["tool-call"],
    chunks: toolRun(
      [...said("I look."), call("c1", "tides"), call("c2", "tides", { port: "Roscoff" }, { providerMetadata: { scripted: { signature: "c2lnbmVk" } } })],
      [started("c1", "tides"), started("c2", "tides"), gave("c2", "tides", "06:01"), gave("c1", "tides", "05:12")],
    ),
  },
  {
    name: "tool-call-malformed",
    types: ["tool-call"],
    chunks: toolRun(
      [...streamed("c1", "tides", '{"port"'), chunk("tool-call", { toolCallId: "c1", toolName: "tides" })],
      [chunk("tool-error", { toolCallId: "c1", toolName: "tides", error: new Error("Tool input validation failed.") })],
    ),
  },
  {
    name: "tool-call-of-provider",
    types: ["tool-call", "tool-result"],
    chunks: toolRun(
      [
        call("c1", "web_search", { query: "tides of Brest" }, { providerExecuted: true, dynamic: true }),
        gave("c1", "web_search", [{ url: "https://tides.example" }], { providerExecuted: true }),
      ],
      [],
    ),
  },
  {
    name: "tool-call-of-page",
    types: ["tool-call"],
    chunks: [
      START,
      STEP_START,
      ...streamed("c1", "pick_berth", '{"free":[3,7]}'),
      call("c1", "pick_berth", { free: [3, 7] }),
      modelFinished("tool-calls"),
      { driver: { type: "tool-interrupted", toolCallId: "c1", toolName: "pick_berth", request: PICK } },
      // Of a step whose calls wait, the end is not for the log.
      stepFinish("tool-calls"),
      finish("tool-calls"),
    ],
  },
  {
    name: "tool-call-id-again",
    types: ["tool-call"],
    chunks: [
      START,
      ...["Brest", "Roscoff"].flatMap((port, number) => [
        STEP_START,
        call("c1", "tides", { port }),
        modelFinished("tool-calls", number),
        gave("c1", "tides", `05:12 at ${port}`),
        TOOLS_FINISH,
      ]),
      ...lastWord(),
    ],
  },
];

/** What comes of calls. */
export const OUTCOME_CASES: readonly ChunkCase[] = [
  { name: "tool-result-object", types: ["tool-result"], chunks: one("tides", gave("c1", "tides", { at: "05:12", depth: 9 })) },
  { name: "tool-result-nothing", types: ["tool-result"], chunks: one("tides", gave("c1", "tides", undefined)) },
  { name: "tool-result-failed", types: ["tool-result"], chunks: one("tides", gave("c1", "tides", "No such port.", { isError: true })) },
  {
    name: "tool-result-refused-input",
    types: ["tool-result"],
    chunks: one("tides", gave("c1", "tides", { error: true, message: "Tool input validation failed:\n- port: required", validationErrors: {} })),
  },
  {
    name: "tool-error",
    types: ["tool-error"],
    chunks: one("tides", chunk("tool-error", { toolCallId: "c1", toolName: "tides", error: new Error("No tide gauge.") })),
  },
  {
    name: "tool-error-with-stack",
    types: ["tool-error"],
    chunks: one(
      "tides",
      chunk("tool-error", {
        toolCallId: "c1",
        toolName: "tides",
        error: { name: "Error", message: "No tide gauge.", stack: "Error: No tide gauge.\n    at secret" },
      }),
    ),
  },
  { name: "tool-call-approval", types: ["tool-call-approval"], chunks: asking("tool-call-approval", { berth: 7 }, { resumeSchema: APPROVAL }) },
  {
    name: "tool-call-suspended",
    types: ["tool-call-suspended"],
    chunks: asking("tool-call-suspended", { berth: 7 }, { resumeSchema: PAYMENT, suspendPayload: { message: "Pay now?", price: 12 } }),
  },
  {
    name: "tool-output-denied",
    types: ["tool-output-denied"],
    chunks: toolRun(
      [call("c1", "book", { berth: 7 })],
      [
        chunk("tool-output-denied", {
          toolCallId: "c1",
          toolName: "book",
          args: { berth: 7 },
          approval: { id: "a1", approved: false, reason: "Too expensive." },
        }),
      ],
    ),
  },
  {
    name: "tool-output",
    types: ["tool-output"],
    chunks: one("survey", wrote("c1", "survey", { done: 1, of: 2 }), wrote("c1", "survey", "half way"), gave("c1", "survey", "05:12")),
  },
  { name: "tool-output-of-agent", types: ["tool-output"], chunks: delegated(...subAgent()) },
  {
    name: "tool-output-of-failing-agent",
    types: ["tool-output", "error"],
    chunks: toolRun(
      [call("c1", "agent-pilot", { prompt: "When?" })],
      [
        started("c1", "agent-pilot"),
        ...[
          chunk("step-start"),
          chunk("text-start", { id: "t" }),
          chunk("text-delta", { id: "t", text: "We" }),
          chunk("error", { error: new Error("Overloaded.") }),
        ].map((inner) => wrote("c1", "agent-pilot", { ...inner, runId: "sub-1" })),
        chunk("tool-error", { toolCallId: "c1", toolName: "agent-pilot", error: new Error("Overloaded.") }),
      ],
    ),
  },
];

function delegated(...inner: readonly Readonly<Record<string, unknown>>[]): readonly Given[] {
  return toolRun(
    [call("c1", "agent-pilot", { prompt: "When?" })],
    [
      started("c1", "agent-pilot"),
      ...inner.map((sub) => wrote("c1", "agent-pilot", "data" in sub ? sub : { ...sub, runId: "sub-1" })),
      gave("c1", "agent-pilot", { text: "At five.", subAgentThreadId: "thread-2" }),
    ],
  );
}

/** A whole sub-agent: it thinks, calls a tool, which writes, and answers. */
function subAgent(): readonly Readonly<Record<string, unknown>>[] {
  return [
    chunk("start", { id: "pilot", messageId: "m2" }),
    chunk("step-start"),
    chunk("reasoning-start", { id: "r" }),
    chunk("reasoning-delta", { id: "r", text: "Hm." }),
    chunk("reasoning-end", { id: "r" }),
    chunk("tool-call-input-streaming-start", { toolCallId: "n1", toolName: "tides" }),
    chunk("tool-call-delta", { toolCallId: "n1", toolName: "tides", argsTextDelta: '{"port":"Brest"}' }),
    chunk("tool-call-input-streaming-end", { toolCallId: "n1" }),
    call("n1", "tides"),
    modelFinished("tool-calls"),
    wrote("n1", "tides", { done: 1, of: 2 }),
    gave("n1", "tides", "05:12"),
    chunk("step-finish", { stepResult: { reason: "tool-calls", isContinued: true }, output: { usage: {}, steps: [{}] } }),
    chunk("step-start"),
    ...said("At five."),
    modelFinished("stop", 1),
    chunk("step-finish", { stepResult: { reason: "stop", isContinued: false }, output: { usage: {}, steps: [{}, {}] } }),
    chunk("finish", { stepResult: { reason: "stop" }, output: { usage: {} } }),
  ];
}
