import assert from "node:assert/strict";
import { test } from "node:test";
import { DEMO_USERS } from "../src/demo-users.ts";
import { streaming } from "./models.ts";
import { openExample } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const BUDGET = "What is the budget of the finance department?";

const START = [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "0" },
];
const SAID = { type: "text-delta", id: "0", delta: "The budget is 3.1 million euros [doc:acme-finance-budget], but for" };
const END = { type: "text-end", id: "0" };

function finish(finishReason: string): object {
  return { type: "finish", finishReason, usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } };
}

for (const [name, parts] of [
  ["ends without a word", []],
  ["ends in the middle", [...START, SAID]],
  ["ends without an end", [...START, SAID, END]],
  ["comes to its limit", [...START, SAID, END, finish("length")]],
  ["is stopped by a filter", [...START, SAID, END, finish("content-filter")]],
  ["ends for a reason that nobody knows", [...START, SAID, END, finish("unknown")]],
  ["reports an error behind its text", [...START, SAID, END, { type: "error", error: new Error("overloaded") }, finish("stop")]],
  ["ends by an error", [...START, SAID, END, finish("error")]],
] as const) {
  test(`a model whose answer ${name} has given none`, async (context) => {
    const example = await openExample(context, { model: streaming(parts) });
    const { status, error, answer, runId } = await example.ask(FINANCE, BUDGET);
    assert.deepEqual([status, answer, error], ["failed", undefined, "The answer could not be written. (ANSWER_FAILED)"]);
    assert.equal(example.audit.list(runId).at(-1)?.decision, "failed");
  });
}

test("a model whose answer is whole has given one", async (context) => {
  const example = await openExample(context, { model: streaming([...START, SAID, END, finish("stop")]) });
  assert.equal((await example.ask(FINANCE, BUDGET)).answer?.answer, SAID.delta);
});
