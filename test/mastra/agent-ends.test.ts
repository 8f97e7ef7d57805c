import { describe, expect, test } from "vitest";
import { call, crash, cut, hang, raise, refuse, say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { observed, runAgent, type RunCase } from "./agent-run.ts";
import { answered, asked, continued, finished, said } from "./agent-run-lines.ts";

const done = [say("Done.")];
const well = say("Well", { isCut: true });
const noRetry = { modelSettings: { maxRetries: 0 } };
const nothingUsed = "'usage':{'inputTokens':0,'outputTokens':0,'totalTokens':0}";
const failed = ["step-finished 0 {'finishReason':'error','isContinued':false}", `! finish {'finishReason':'error',${nothingUsed}}`];

type Abort = (reason: string, options?: { readonly retry: boolean }) => never;
const refusesInput = { id: "guard", processInput: ({ abort }: { abort: Abort }) => abort("not allowed") };
const refusesWords = {
  id: "guard",
  processOutputStream: ({ part, abort }: { part: { type: string; payload?: { text?: string } }; abort: Abort }) =>
    part.type === "text-delta" && part.payload?.text?.includes("bad") === true ? abort("bad words") : part,
};
const refusesAnswer = {
  id: "guard",
  processOutputStep: ({ text, abort }: { text?: string; abort: Abort }) => (text === "One word." ? abort("say more", { retry: true }) : []),
};
const lingered = [
  "step-started 0",
  "tool-call call_1 {'input':{}}",
  "tool-call call_2 {'input':{'a':1,'b':2}}",
  asked(0),
  "tool-progress call_1 {'data':'started'}",
  "tool-result call_1 {'output':{'lingered':true}}",
  "tool-result call_2 {'output':{'sum':3}}",
  continued(0),
  "! abort",
  finished(1, "other"),
];
const approval = (toolName: string): string =>
  expect.stringMatching(
    new RegExp(
      `^! interrupt \\{'request':\\{'id':'call_1','kind':'tool-approval','toolCallId':'call_1','toolName':'${toolName}','input':\\{\\},'resumeSchema':.*'approved'`,
    ),
  ) as string;

const ENDS: readonly (readonly [string, RunCase, readonly string[]])[] = [
  [
    "when the provider reports an error",
    { calls: [[well, raise(new Error("overloaded"))]] },
    ["step-started 0", ...said("0.t0", "Well"), "! error {'message':'overloaded'}", ...failed],
  ],
  [
    "when the provider's stream breaks",
    { calls: [[well, crash()]], options: noRetry },
    ["step-started 0", ...said("0.t0", "Well"), "! error {'message':'the connection to the provider broke'}", ...failed],
  ],
  [
    "when the provider refuses the request",
    { calls: [[refuse()]], options: noRetry },
    ["step-started 0", "! error {'message':'the provider refused the request'}", ...failed],
  ],
  [
    "when the provider's stream ends too early",
    { calls: [[well, cut()]] },
    ["step-started 0", ...said("0.t0", "Well"), "step-finished 0 {'isContinued':true}", `! finish {${nothingUsed}}`],
  ],
  [
    "when it is aborted while it speaks",
    { calls: [[well, hang()]], abortAt: "text-delta" },
    ["step-started 0", ...said("0.t0", "Well"), "! abort", `! finish {'finishReason':'other',${nothingUsed}}`],
  ],
  ["when it is aborted while a tool runs", { calls: [[call("linger"), call("add", { a: 1, b: 2 })], done], abortAt: "tool-output" }, lingered],
  [
    "when it is aborted while a tool runs, and Mastra tells the tool's result twice",
    { calls: [[call("linger"), call("add", { a: 1, b: 2 })], done], abortAt: "tool-output", options: { eagerToolExecution: true } },
    lingered,
  ],
  [
    "when a processor refuses the question",
    { calls: [done], agent: { inputProcessors: [refusesInput] } },
    ["tripwire {'reason':'not allowed','processorId':'guard'}"],
  ],
  [
    "when a processor refuses a word",
    { calls: [[say("Good then bad then more.")]], agent: { outputProcessors: [refusesWords] } },
    ["step-started 0", ...said("0.t0", "Good then"), "tripwire {'reason':'bad words','processorId':'guard'}"],
  ],
  [
    "when a processor refuses the answer",
    { calls: [[say("One word.")]], agent: { outputProcessors: [refusesAnswer] } },
    [
      ...answered(0, "One word.").slice(0, 5),
      "tripwire {'reason':'say more','processorId':'guard'}",
      "step-finished 0 {'finishReason':'other','usage':'20+10','isContinued':false}",
      finished(1, "other"),
    ],
  ],
  [
    "after a processor asked for another answer",
    { calls: [[say("One word.")], done], agent: { outputProcessors: [refusesAnswer], maxProcessorRetries: 1 } },
    [...answered(0, "One word.").slice(0, 5), "step-finished 0 {'finishReason':'other','usage':'20+10','isContinued':true}", ...answered(1), finished(2)],
  ],
  [
    "after a tool was approved",
    { calls: [[say("I pay."), call("pay")], done], answer: "approve" },
    [
      "step-started 0",
      ...said("0.t0", "I pay."),
      "tool-call call_1 {'input':{}}",
      asked(0),
      approval("pay"),
      "tool-result call_1 {'output':{'paid':true}}",
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "after a tool was declined",
    { calls: [[call("pay")], done], answer: "decline" },
    [
      "step-started 0",
      "tool-call call_1 {'input':{}}",
      asked(0),
      approval("pay"),
      "tool-denied call_1 {'reason':'too dear'}",
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "after a tool that suspended was answered",
    { calls: [[call("ask")], done], answer: { resumeData: { yes: true } } },
    [
      "step-started 0",
      "tool-call call_1 {'input':{}}",
      asked(0),
      "! interrupt {'request':{'id':'call_1','kind':'tool-suspend','toolCallId':'call_1','toolName':'ask','input':{},'resumeSchema':{'$schema':'http://json-schema.org/draft-07/schema#','type':'object','properties':{'yes':{'type':'boolean'}},'required':['yes'],'additionalProperties':false},'payload':{'question':'Sure?'}}}",
      "tool-result call_1 {'output':{'answer':{'yes':true}}}",
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "after a tool of a sub-agent was approved",
    { calls: [[call("agent-helper", { prompt: "Pay." })], done], helperCalls: [[call("pay")], [say("Paid.")]], answer: "approve" },
    [
      "step-started 0",
      "tool-call call_1 {'input':{'prompt':'Pay.'}}",
      asked(0),
      "> step-started 0",
      "> tool-call call_1/call_1 {'input':{}}",
      approval("pay"),
      "> tool-result call_1/call_1 {'output':{'paid':true}}",
      `> ${continued(0)}`,
      "> step-started 1",
      ...said("call_1/1.t0", "Paid.").map((line) => `> ${line}`),
      "> step-finished 1 {'finishReason':'stop','usage':'20+10','isContinued':false}",
      "! nested-finish {'toolCallId':'call_1','usage':{'inputTokens':40,'outputTokens':20,'totalTokens':60}}",
      expect.stringMatching(/^tool-result call_1 \{'output':\{'text':'Paid\.'/) as string,
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
];

describe.each(["v2", "v3", "v4"] as const)("a run with a model of specification %s ends the same way", (version) => {
  test.each(ENDS)("%s", async (_name, run, expected) => {
    expect(await runAgent(version, run)).toEqual(expected);
  });
});

test("a second model that takes over goes on in the step of the first", async () => {
  const models = [
    { model: observed(scriptedModel({ calls: [[well, crash()]] })), maxRetries: 0 },
    { model: observed(scriptedModel({ calls: [done] })), maxRetries: 0 },
  ];
  expect(await runAgent("v3", { calls: [], agent: { model: models } })).toEqual([
    "step-started 0",
    ...said("0.t0", "Well"),
    ...said("0.t0#2", "Done."),
    ...answered(0).slice(4),
    finished(1),
  ]);
});
