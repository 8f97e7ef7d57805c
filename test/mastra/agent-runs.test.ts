import { describe, expect, test } from "vitest";
import { z } from "zod";
import { attach, call, cite, citeDocument, result, say, stop, think } from "../../src/testkit/scripted-model.ts";
import { runAgent, type RunCase } from "./agent-run.ts";
import { answered, asked, continued, finished, said } from "./agent-run-lines.ts";

const done = [say("Done.")];
const sub = "'subAgentThreadId':'<uuid>','subAgentResourceId':'<uuid>'";

const RUNS: readonly (readonly [string, RunCase, readonly string[]])[] = [
  [
    "two steps, two tools and reasoning",
    { calls: [[think("Hm, hm.", { signature: "sig" }), say("I add."), call("add", { a: 1, b: 2 }, { pieces: 2 }), call("report")], done] },
    [
      "step-started 0",
      "reasoning-start 0.r0",
      "reasoning-delta 0.r0 {'text':'Hm, hm.'}",
      "reasoning-end 0.r0 {'providerMetadata':{'scripted':{'signature':'sig'}}}",
      ...said("0.t1", "I add."),
      "tool-input-start call_1",
      "tool-input-delta call_1 {'text':'{`a`:1,`b`:2}'}",
      "tool-call call_1 {'input':{'a':1,'b':2}}",
      "tool-call call_2 {'input':{}}",
      asked(0),
      "tool-progress call_2 {'data':{'percent':50}}",
      "data n1 {'name':'note','data':{'seen':true}}",
      "tool-result call_1 {'output':{'sum':3}}",
      "tool-result call_2 {'output':{'ok':true}}",
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "a tool that fails beside one that does not",
    { calls: [[call("explode"), call("add", { a: 1, b: 1 })], done] },
    [
      "step-started 0",
      "tool-call call_1 {'input':{}}",
      "tool-call call_2 {'input':{'a':1,'b':1}}",
      asked(0),
      "tool-error call_1 {'message':'no fuse in …'}",
      "tool-result call_2 {'output':{'sum':2}}",
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "a tool that does not exist",
    { calls: [[call("nope", { a: 1 })], done] },
    [
      "step-started 0",
      "tool-call call_1 {'input':{'a':1}}",
      asked(0),
      expect.stringMatching(/^tool-error call_1 \{'message':'Tool `nope` not found\./) as string,
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "arguments that are no JSON",
    { calls: [[call("add", '{"a": !!')], done] },
    [
      "step-started 0",
      "tool-call call_1 {'input':{},'invalid':'The arguments of the call are not valid JSON.'}",
      asked(0),
      expect.stringMatching(/^tool-error call_1 \{'message':'Tool `add` received invalid arguments/) as string,
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    // Mastra makes a call without arguments of them and executes it.
    "arguments that stream and are no JSON",
    { calls: [[call("report", '{"a": !!', { pieces: 1 })], done] },
    [
      "step-started 0",
      "tool-input-start call_1",
      "tool-input-delta call_1 {'text':'{`a`: !!'}",
      "tool-call call_1 {'input':{}}",
      asked(0),
      "tool-progress call_1 {'data':{'percent':50}}",
      "data n1 {'name':'note','data':{'seen':true}}",
      "tool-result call_1 {'output':{'ok':true}}",
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "arguments that do not fit the tool",
    { calls: [[call("add", { a: "x", b: 1 })], done] },
    [
      "step-started 0",
      "tool-call call_1 {'input':{'a':'x','b':1}}",
      asked(0),
      expect.stringMatching(/^tool-error call_1 \{'message':'Tool input validation failed for add\./) as string,
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "a tool call id that the provider uses in two steps",
    { calls: [[call("add", { a: 1, b: 2 }, { id: "c" })], [call("add", { a: 3, b: 4 }, { id: "c" })], done] },
    [
      "step-started 0",
      "tool-call c {'input':{'a':1,'b':2}}",
      asked(0),
      "tool-result c {'output':{'sum':3}}",
      continued(0),
      "step-started 1",
      asked(1),
      "tool-call c#1 {'input':{'a':3,'b':4}}",
      "tool-result c#1 {'output':{'sum':7}}",
      continued(1),
      ...answered(2),
      finished(3),
    ],
  ],
  [
    "a tool that returns nothing ends the run",
    { calls: [[call("forget")], done] },
    [
      "step-started 0",
      "tool-call call_1 {'input':{}}",
      asked(0),
      "step-finished 0 {'finishReason':'tool-calls','usage':'20+10','isContinued':false}",
      finished(1, "tool-calls"),
    ],
  ],
  [
    "a sub-agent",
    { calls: [[call("agent-helper", { prompt: "Add." })], done], helperCalls: [[think("Hm."), call("add", { a: 1, b: 1 })], [say("It is two.")]] },
    [
      "step-started 0",
      "tool-call call_1 {'input':{'prompt':'Add.'}}",
      asked(0),
      "> step-started 0",
      "> reasoning-start call_1/0.r0",
      "> reasoning-delta call_1/0.r0 {'text':'Hm.'}",
      "> reasoning-end call_1/0.r0",
      "> tool-call call_1/call_1 {'input':{'a':1,'b':1}}",
      "> tool-result call_1/call_1 {'output':{'sum':2}}",
      `> ${continued(0)}`,
      "> step-started 1",
      ...said("call_1/1.t0", "It is two.").map((line) => `> ${line}`),
      "> step-finished 1 {'finishReason':'stop','usage':'20+10','isContinued':false}",
      "! nested-finish {'toolCallId':'call_1','usage':{'inputTokens':40,'outputTokens':20,'totalTokens':60}}",
      `tool-result call_1 {'output':{'text':'It is two.',${sub},'subAgentToolResults':[{'toolName':'add','toolCallId':'call_1','result':{'sum':2},'args':{'a':1,'b':1}}]},'providerMetadata':{'mastra':{'modelOutput':{'type':'text','value':'It is two.'}}}}`,
      continued(0),
      ...answered(1),
      finished(2),
    ],
  ],
  [
    "sources, files and a tool that the provider executes",
    {
      calls: [
        [
          call("web", { q: 1 }, { id: "w", providerExecuted: true }),
          result("w", "web", { hits: 1 }),
          cite("https://x.y", "X"),
          citeDocument("d", "text/plain", "D"),
          attach("image/png", new Uint8Array([1, 2])),
          say("Done."),
        ],
      ],
    },
    [
      "step-started 0",
      "tool-call w {'input':{'q':1},'providerExecuted':true}",
      "tool-result w {'providerExecuted':true,'output':{'hits':1}}",
      "source https://x.y {'sourceType':'url','url':'https://x.y','title':'X'}",
      "source d {'sourceType':'document','title':'D','mediaType':'text/plain'}",
      "file {'mediaType':'image/png','base64':'AQI='}",
      ...answered(0).slice(1),
      finished(1),
    ],
  ],
  [
    "structured output",
    { calls: [[say('{"n": 5, "s": "hi"}', { deltas: 2 })]], options: { structuredOutput: { schema: z.object({ n: z.number(), s: z.string() }) } } },
    [
      "step-started 0",
      "text-start 0.t0",
      "object {'object':{'n':5},'isFinal':false}",
      "text-delta 0.t0 {'text':'{`n`: 5, `'}",
      "object {'object':{'n':5,'s':'hi'},'isFinal':false}",
      "text-delta 0.t0 {'text':'s`: `hi`}'}",
      "text-end 0.t0",
      ...answered(0).slice(4, 5),
      "object {'object':{'n':5,'s':'hi'},'isFinal':true}",
      ...answered(0).slice(5),
      finished(1),
    ],
  ],
  [
    "an answer that is too long, with all that was counted",
    { calls: [[say("Well"), stop({ reason: "length", usage: { inputTokens: 100, outputTokens: 20, reasoningTokens: 5, cachedInputTokens: 60 } })]] },
    [
      "step-started 0",
      ...said("0.t0", "Well"),
      "model-finished 0 {'finishReason':'length','usage':{'inputTokens':100,'outputTokens':20,'totalTokens':120,'reasoningTokens':5,'cachedInputTokens':60},'provider':'scripted','modelId':'script-1'}",
      "step-finished 0 {'finishReason':'length','usage':{'inputTokens':100,'outputTokens':20,'totalTokens':120,'reasoningTokens':5,'cachedInputTokens':60},'isContinued':false}",
      "! finish {'finishReason':'length','usage':{'inputTokens':100,'outputTokens':20,'totalTokens':120,'reasoningTokens':5,'cachedInputTokens':60}}",
    ],
  ],
];

describe.each(["v2", "v3", "v4"] as const)("an agent with a model of specification %s tells of", (version) => {
  test.each(RUNS)("%s", async (_name, run, expected) => {
    expect(await runAgent(version, run)).toEqual(expected);
  });
});
