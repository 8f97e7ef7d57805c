import { Agent } from "@mastra/core/agent";
import { expect, test } from "vitest";
import { demoModel } from "./demo.ts";
import { scriptedModel } from "./demo-model.ts";
import { calculator, weather } from "./demo-tools.ts";

function assistant(paceMs: number): Agent {
  return new Agent({ id: "assistant", name: "Assistant", instructions: "Help.", model: scriptedModel(paceMs), tools: { weather, calculator } });
}

test("an agent on the scripted model reasons, calls both tools and answers with their results", async () => {
  const output = await assistant(0).stream("What is 6 * 7 in Rome?");
  const types: string[] = [];
  for await (const chunk of output.fullStream) types.push(chunk.type);
  expect(types.filter((type) => type === "tool-result")).toHaveLength(2);
  expect(types.filter((type) => type === "step-finish")).toHaveLength(2);
  expect(types).toContain("reasoning-delta");
  expect(await output.text).toContain("In Rome it is windy at 11 °C. 6 * 7 = 42.");
  expect((await output.usage).outputTokens).toBeGreaterThan(0);
});

test("an agent on the scripted model answers without streaming, too", async () => {
  const { text } = await assistant(0).generate("What is 6 / 4?");
  expect(text).toContain("6 / 4 = 1.5.");
});

test("an abort ends the scripted model in the middle of a word's wait", async () => {
  const abort = new AbortController();
  const output = await assistant(3_600_000).stream("hello", { abortSignal: abort.signal });
  const types: string[] = [];
  for await (const chunk of output.fullStream) {
    types.push(chunk.type);
    if (chunk.type === "reasoning-start") abort.abort();
  }
  expect(types).toContain("abort");
});

test("the demo uses the real model whose key is set", () => {
  expect(demoModel({ OPENAI_API_KEY: "k" })).toMatch(/^openai\//);
  expect(demoModel({ ANTHROPIC_API_KEY: "k" })).toMatch(/^anthropic\//);
  expect(demoModel({ GOOGLE_GENERATIVE_AI_API_KEY: "k" })).toMatch(/^google\//);
  expect(demoModel({ OPENAI_API_KEY: "" })).toMatchObject({ modelId: "scripted" });
});
