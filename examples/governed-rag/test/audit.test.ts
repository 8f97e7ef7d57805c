import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { AuditTrail } from "../src/audit-trail.ts";
import { DEMO_USERS } from "../src/demo-users.ts";
import { scriptedModel } from "../src/model.ts";
import { modelAfter } from "./models.ts";
import { DOCUMENTS, openExample, type Example } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const BUDGET = "What is the budget of the finance department?";

function broken(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

/** An example in which something breaks, by the time that it is asked. */
const BREAKS: Readonly<Record<string, { readonly code: string; open(test: Parameters<typeof openExample>[0]): Promise<Example> }>> = {
  "the embedder": {
    code: "RETRIEVAL_FAILED",
    open: async (context) => {
      const example = await openExample(context);
      Object.assign(example.index.embedder, { embed: broken("key sk-123 is not valid for https://embedder.internal") });
      return example;
    },
  },
  "the vector store": {
    code: "RETRIEVAL_FAILED",
    open: async (context) => {
      const example = await openExample(context);
      Object.assign(example.index, { search: broken("cannot open /srv/index.db") });
      return example;
    },
  },
  "the search for what is refused": {
    code: "RETRIEVAL_FAILED",
    open: async (context) => {
      const example = await openExample(context);
      Object.assign(example.index, { searchRefused: broken("no such table: documents") });
      return example;
    },
  },
  "the model, which quotes its prompt,": {
    code: "ANSWER_FAILED",
    open: (context) => openExample(context, { model: scriptedModel({ onPrompt: broken("content filter: Marketing has a budget of 900,000 euros") }) }),
  },
  "the vector store, while the answer is written,": {
    code: "VERIFICATION_FAILED",
    open: async (context) => {
      let isBroken = false;
      const model = modelAfter(async () => {
        isBroken = true;
      });
      const example = await openExample(context, { model });
      const { passages } = example.index;
      example.index.passages = async (...args) => {
        if (!isBroken) return passages.apply(example.index, args);
        isBroken = false;
        throw new Error("cannot open /srv/index.db");
      };
      return example;
    },
  },
};

for (const [name, { code, open }] of Object.entries(BREAKS)) {
  test(`where ${name} fails, there is no answer, the record says so, and the error is one of the closed set`, async (context) => {
    const example = await open(context);
    const response = await example.send(FINANCE, "/v1/runs", { workflowId: "governed-rag-answer", input: { question: BUDGET } });
    const { id } = (await response.json()) as { readonly id: string };
    const log = await (await example.send(FINANCE, `/v1/runs/${id}/events?offset=-1&live=sse`)).text();
    const { status, error } = (await (await example.send(FINANCE, `/v1/runs/${id}`)).json()) as { readonly status: string; readonly error: { readonly message: string } };
    assert.equal(status, "failed");
    assert.match(error.message, new RegExp(`^[A-Z][a-z ]+\\. \\(${code}\\)$`));
    for (const trace of ["sk-123", "internal", "/srv", "no such table", "900,000"]) assert.ok(!log.includes(trace), trace);
    const { decision, reason } = example.audit.list(id).at(-1) ?? assert.fail();
    assert.deepEqual([decision, reason], ["failed", code]);
    assert.ok(!example.audit.list(id).some((row) => row.decision === "used" || row.decision === "verified"));
    const { entries } = (await (await example.send(FINANCE, `/audit/${id}`)).json()) as { readonly entries: readonly { readonly decision: string }[] };
    assert.equal(entries.at(-1)?.decision, "failed");
    const old = await example.send(FINANCE, "/api/chat", { question: BUDGET }, { accept: "application/json" });
    assert.deepEqual([old.status, await old.json()], [502, { error: "The question could not be answered.", code }]);
  });
}

test("a decision against an answer stands, whatever the next attempt finds", async (context) => {
  const example = await openExample(context);
  const { embed } = example.index.embedder;
  Object.assign(example.index.embedder, { embed: broken("away") });
  const runId = "run_taken_over";
  assert.equal((await example.ask(FINANCE, BUDGET, runId)).status, "failed");
  const rows = example.audit.list(runId);
  Object.assign(example.index.embedder, { embed });
  const again = await example.ask(FINANCE, BUDGET, runId);
  assert.deepEqual([again.status, again.answer], ["failed", undefined]);
  assert.match(again.error ?? "", /RETRIEVAL_FAILED/);
  assert.deepEqual(example.audit.list(runId), rows);
  const withheld = await example.ask(FINANCE, "What is the price of winches?", "run_withheld");
  assert.deepEqual(await example.ask(FINANCE, "What is the price of winches?", "run_withheld"), { ...withheld });
});

test("a record that cannot be written is told as that, and nothing is answered", async (context) => {
  const example = await openExample(context);
  example.audit.record = broken("database or disk is full: /srv/audit.db");
  const { status, error } = await example.ask(FINANCE, BUDGET);
  assert.deepEqual([status, error], ["failed", "The decision could not be recorded. (RECORD_FAILED)"]);
});

test("who asked learns nothing of what is not theirs: not that it is there, nor how much of it", async (context) => {
  const example = await openExample(context);
  const own = async (question: string): Promise<readonly unknown[]> => {
    const { runId } = await example.ask(FINANCE, question);
    return example.audit.listOwn(FINANCE, runId).map(({ at: _at, runId: _runId, ...row }) => row);
  };
  const question = "What are the salary bands of engineers?";
  const many = await own(question);
  await example.index.replace(DOCUMENTS.filter(({ id }) => id === "acme-finance-budget"));
  assert.deepEqual(await own(question), many);
});

test("the trail refuses a row in place of another, by its number or by its content", async (context) => {
  const example = await openExample(context);
  const { runId } = await example.ask(FINANCE, BUDGET);
  const rows = example.audit.list(runId);
  const database = new DatabaseSync(`${example.folder}/audit.db`);
  context.after(() => database.close());
  const columns = "run_id, sub, tenant, roles, step_up, question, decision, doc_id, source, reason";
  for (const verb of ["REPLACE", "INSERT OR REPLACE"]) {
    assert.throws(() => database.exec(`${verb} INTO decisions SELECT seq, at, run_id, 'somebody else', tenant, roles, step_up, question, decision, doc_id, source, reason FROM decisions`), /append-only/);
    assert.throws(() => database.exec(`${verb} INTO decisions (at, ${columns}) SELECT 'never', ${columns} FROM decisions`), /append-only/);
  }
  assert.deepEqual(example.audit.list(runId), rows);
});

test("two processes that decide the same have it on record once, in the order of the decisions", async (context) => {
  const example = await openExample(context);
  const other = new AuditTrail(`${example.folder}/audit.db`);
  context.after(() => other.close());
  const subject = { runId: "run_of_both", requester: FINANCE, question: "?" };
  example.audit.record(subject, [{ decision: "admitted" }]);
  other.record(subject, [{ decision: "admitted" }, { decision: "allowed", docId: "a", source: "a.md" }]);
  example.audit.record(subject, [{ decision: "allowed", docId: "a", source: "a.md" }, { decision: "verified" }]);
  assert.deepEqual(other.list("run_of_both").map(({ decision }) => decision), ["admitted", "allowed", "verified"]);
});

test("garbage in the address of a record finds nothing and breaks nothing", async (context) => {
  const example = await openExample(context);
  const { runId } = await example.ask(FINANCE, BUDGET);
  for (const garbage of ["%00", "..%2f..%2fetc", "'%20OR%20'1'='1", "%25", `${runId}%00`, "x".repeat(5_000), "*", "%F0%9F%92%A3", "__proto__", "%E0%A4%A"]) {
    assert.equal((await example.send(FINANCE, `/audit/${garbage}`)).status, 404, garbage);
  }
  const plain = await (await example.send(FINANCE, `/audit/${runId}`)).text();
  for (const query of ["?limit=-1&offset=1e9", "?sub=hr.admin@acme.example&tenant=globex", "?seq[$ne]=1", "?%00=%00"]) {
    assert.equal(await (await example.send(FINANCE, `/audit/${runId}${query}`)).text(), plain, query);
  }
});
