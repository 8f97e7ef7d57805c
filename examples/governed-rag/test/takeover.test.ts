import assert from "node:assert/strict";
import { test } from "node:test";
import { DEMO_USERS } from "../src/demo-users.ts";
import { loadCorpus } from "../src/corpus.ts";
import { CORPUS, openExample, POLICY, type Example } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const BUDGET = "What is the budget of the finance department?";
/** The passages are asked for by the writer, then by the verification. */
const AT_VERIFICATION = 2;

type Ask = (example: Example) => Promise<string>;

async function newestRun(example: Example): Promise<{ readonly id: string; readonly status: string; readonly attempt: number; readonly error?: { readonly message: string } }> {
  const { runs } = (await (await example.send(FINANCE, "/v1/runs")).json()) as { readonly runs: readonly Awaited<ReturnType<typeof newestRun>>[] };
  return runs[0] ?? assert.fail("there is no run");
}

const WAYS: Readonly<Record<string, Ask>> = {
  workflow: async (example) => {
    await example.send(FINANCE, "/v1/runs", { workflowId: "governed-rag-answer", input: { question: BUDGET } });
    return (await newestRun(example)).id;
  },
  assistant: async (example) => {
    const message = { id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text: BUDGET }] };
    const response = await example.send(FINANCE, "/api/chat", { messages: [message], agentId: "governed-rag" });
    void response.text().catch(() => undefined);
    return response.headers.get("x-workflow-run-id") ?? assert.fail("there is no run");
  },
};

/** A run whose draft is written, and whose process goes away before it is verified. */
async function abandoned(example: Example, ask: Ask): Promise<string> {
  const { passages } = example.index;
  const { promise: isThere, resolve: arrive } = Promise.withResolvers<void>();
  let calls = 0;
  example.index.passages = async (...args) => {
    calls += 1;
    if (calls < AT_VERIFICATION) return passages.apply(example.index, args);
    arrive();
    return new Promise(() => undefined);
  };
  const runId = await ask(example);
  await isThere;
  assert.equal(example.prompts.length, 1);
  return runId;
}

async function ended(example: Example, runId: string): Promise<Awaited<ReturnType<typeof newestRun>>> {
  await (await example.send(FINANCE, `/v1/runs/${runId}/events?offset=-1&live=sse`)).text();
  return newestRun(example);
}

for (const [way, ask] of Object.entries(WAYS)) {
  test(`a run of the ${way} that is taken over before its verification is verified by what its user may see`, { timeout: 60_000 }, async (context) => {
    const before = await openExample(context);
    const runId = await abandoned(before, ask);
    await before.close();
    const after = await openExample(context, { folder: before.folder });
    const { status, error } = await ended(after, runId);
    assert.equal(status, "completed", error?.message ?? "");
    // The draft of the other process is opened; the assistant asks its documents anew.
    assert.equal(after.prompts.length, way === "workflow" ? 0 : 1);
    const decisions = after.audit.list(runId).filter(({ decision }) => decision !== "refused");
    assert.deepEqual(
      decisions.map(({ decision }) => decision),
      ["admitted", "allowed", "used", "verified"],
    );
    assert.ok(decisions.every(({ sub, stepUp }) => sub === FINANCE.sub && !stepUp));
  });
}

test("a draft that was written in another process is withheld where its document has become confidential", { timeout: 60_000 }, async (context) => {
  const before = await openExample(context);
  const runId = await abandoned(before, WAYS["workflow"] ?? assert.fail());
  const documents = await loadCorpus(CORPUS, POLICY);
  await before.index.replace(documents.map((one) => (one.id === "acme-finance-budget" ? { ...one, classification: "confidential" as const } : one)));
  await before.close();
  const after = await openExample(context, { folder: before.folder });
  const { status, error } = await ended(after, runId);
  assert.deepEqual([status, error?.message], ["failed", "The answer is withheld. (ANSWER_WITHHELD)"]);
  assert.deepEqual(after.prompts, []);
});
