import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Requester } from "../src/access.ts";
import { loadCorpus, type Document } from "../src/corpus.ts";
import { DEMO_USERS } from "../src/demo-users.ts";
import { DraftSeal } from "../src/draft-seal.ts";
import { NO_DOCUMENTS } from "../src/verification.ts";
import { echoing, modelAfter } from "./models.ts";
import { CORPUS, openExample, POLICY, type Example } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const BUDGET = "What is the budget of the finance department?";
const BUDGET_DOCUMENT = "acme-finance-budget";

/** Waits for the end of a run of the workflow, as who asked follows it, and gives all that its log held on the way. */
async function follow(example: Example, user: Requester, question: string): Promise<string> {
  const started = await example.send(user, "/v1/runs", { workflowId: "governed-rag-answer", input: { question } });
  assert.equal(started.status, 201);
  const { id } = (await started.json()) as { readonly id: string };
  const live = await (await example.send(user, `/v1/runs/${id}/events?offset=-1&live=sse`)).text();
  const replayed = await (await example.send(user, `/v1/runs/${id}/events?offset=-1`)).text();
  const streamed = await (await example.send(user, `/api/chat/${id}/stream?startIndex=0`)).text();
  return [live, replayed, streamed].join("\n");
}

/** All that Holdfast has on the disk. */
function storeOf({ folder }: Example): string {
  const files = readdirSync(folder).filter((name) => name.startsWith("holdfast.db"));
  assert.ok(files.length > 0);
  return files.map((name) => readFileSync(join(folder, name), "latin1")).join("\n");
}

test("an answer that does not pass the verification is in no log, nor is what it was made from", async (context) => {
  const example = await openExample(context);
  const log = await follow(example, FINANCE, "What is the price of winches?");
  assert.match(log, /withheld/);
  assert.ok(example.prompts.some((prompt) => prompt.includes("four percent")));
  for (const seen of [log, storeOf(example)]) {
    assert.ok(!seen.includes("four percent"));
    assert.ok(!seen.includes("cite [doc:"));
  }
});

test("of a verified answer the log has what was said, and no passage", async (context) => {
  const example = await openExample(context);
  const log = await follow(example, FINANCE, BUDGET);
  assert.ok(example.prompts.some((prompt) => prompt.includes("Marketing has a budget")));
  assert.match(log, /3\.1 million euros/);
  for (const seen of [log, storeOf(example)]) assert.ok(!seen.includes("Marketing has a budget"));
});

test("what a provider gives back of its request is in no log", async (context) => {
  const example = await openExample(context, { model: echoing() });
  const log = await follow(example, FINANCE, BUDGET);
  const chat = { messages: [{ id: "1", role: "user", parts: [{ type: "text", text: BUDGET }] }], agentId: "governed-rag" };
  const said = await (await example.send(FINANCE, "/api/chat", chat)).text();
  for (const seen of [log, said]) assert.match(seen, /3\.1 million euros/);
  for (const seen of [log, said, storeOf(example)]) assert.ok(!seen.includes("Marketing has a budget"));
});

/** The corpus, but for one document. */
async function corpusWith(changed: (document: Document) => readonly Document[]): Promise<readonly Document[]> {
  const documents = await loadCorpus(CORPUS, POLICY);
  return documents.flatMap((document) => (document.id === BUDGET_DOCUMENT ? changed(document) : [document]));
}

for (const [name, changed] of [
  ["deleted", () => []],
  ["made confidential", (document: Document) => [{ ...document, classification: "confidential" as const }]],
  ["given to another role", (document: Document) => [{ ...document, roleTags: ["role:hr.admin"] }]],
  ["given to another tenant", (document: Document) => [{ ...document, tenantTag: "tenant:globex" }]],
  ["changed", (document: Document) => [{ ...document, text: document.text.replace("3.1 million", "3.2 million") }]],
] as const) {
  test(`an answer is withheld where its document was ${name} while it was written`, async (context) => {
    let example: Example | undefined;
    const model = modelAfter(async () => example?.index.replace(await corpusWith(changed)));
    example = await openExample(context, { model });
    const { status, error, answer, runId } = await example.ask(FINANCE, BUDGET);
    assert.deepEqual([status, answer], ["failed", undefined]);
    assert.equal(error, "The answer is withheld. (ANSWER_WITHHELD)");
    const { decision, reason } = example.audit.list(runId).at(-1) ?? assert.fail();
    assert.deepEqual([decision, reason], ["rejected", "what the answer was made from has changed"]);
  });
}

test("a document that was made confidential between the search and the answer is not told to the model", async (context) => {
  const example = await openExample(context);
  const { searchRefused } = example.index;
  // The last thing that the retrieval asks the index for.
  example.index.searchRefused = async (...args) => {
    const refused = await searchRefused.apply(example.index, args);
    await example.index.replace(await corpusWith((document) => [{ ...document, classification: "confidential" }]));
    return refused;
  };
  const { status, answer } = await example.ask(FINANCE, BUDGET);
  assert.deepEqual([status, answer?.answer, answer?.citations], ["success", NO_DOCUMENTS, []]);
  assert.deepEqual(example.prompts, []);
});

test("deleting its thread takes out what a run has answered, and leaves its record", async (context) => {
  const example = await openExample(context);
  const started = await example.send(FINANCE, "/v1/runs", { workflowId: "governed-rag-answer", input: { question: BUDGET } });
  const { id, threadId } = (await started.json()) as { readonly id: string; readonly threadId: string };
  await (await example.send(FINANCE, `/v1/runs/${id}/events?offset=-1&live=sse`)).text();
  assert.equal((await example.remove(FINANCE, `/v1/threads/${threadId}`)).status, 204);
  for (const path of [`/v1/runs/${id}`, `/v1/runs/${id}/events?offset=-1`]) assert.equal((await example.send(FINANCE, path)).status, 404);
  const { entries } = (await (await example.send(FINANCE, `/audit/${id}`)).json()) as { readonly entries: readonly { readonly decision: string }[] };
  assert.equal(entries.at(-1)?.decision, "verified");
});

test("a sealed draft is opened by the same secret about the same run only", () => {
  const seal = new DraftSeal("a secret that is long enough for HS256");
  const sealed = seal.close({ answer: "42" }, "run_1");
  assert.deepEqual(seal.open(sealed, "run_1"), { answer: "42" });
  assert.ok(!Buffer.from(sealed, "base64url").includes("42"));
  assert.throws(() => seal.open(sealed, "run_2"));
  assert.throws(() => new DraftSeal("another secret that is long enough for it").open(sealed, "run_1"));
  for (const broken of ["", "AAAA", sealed.slice(0, -4), `A${sealed.slice(1)}`]) assert.throws(() => seal.open(broken, "run_1"));
  assert.notEqual(seal.close({ answer: "42" }, "run_1"), sealed);
});
