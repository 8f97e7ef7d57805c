import assert from "node:assert/strict";
import { test } from "node:test";
import { DEMO_USERS } from "../src/demo-users.ts";
import { scriptedModel } from "../src/model.ts";
import { NO_DOCUMENTS } from "../src/verification.ts";
import { talkative } from "./models.ts";
import { openExample } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const HR = DEMO_USERS["hr-admin"];

test("an answer cites the documents that it is from", async (context) => {
  const example = await openExample(context);
  const { answer } = await example.ask(FINANCE, "What is the budget of the finance department?");
  assert.match(answer?.answer ?? "", /3\.1 million euros.*\[doc:acme-finance-budget\]/);
  assert.deepEqual(answer?.citations, [{ docId: "acme-finance-budget", source: "acme/finance/budget.md" }]);
  assert.equal(answer?.verification.ok, true);
});

test("the same question has another answer for each demo user", async (context) => {
  const example = await openExample(context);
  const question = "What are the salary bands of engineers?";
  const answers = await Promise.all(
    Object.values(DEMO_USERS).map(async (user) => (await example.ask(user, question)).answer?.citations.map(({ docId }) => docId)),
  );
  assert.deepEqual(answers, [[], [], ["acme-hr-confidential-salaries"], [], []]);
  const steppedUp = await example.ask({ ...DEMO_USERS.executive, stepUp: true }, question);
  assert.deepEqual(steppedUp.answer?.citations, [{ docId: "acme-hr-confidential-salaries", source: "acme/hr/confidential/salaries.md" }]);
});

test("where nothing is authorized, that is the answer, and no model is asked", async (context) => {
  const example = await openExample(context);
  const { status, answer } = await example.ask(FINANCE, "What are the salary bands of engineers?");
  assert.deepEqual([status, answer?.answer, answer?.citations], ["success", NO_DOCUMENTS, []]);
  assert.deepEqual(example.prompts, []);
});

test("a run without a user, a role or a tenant fails at its first step, and leaves no record that names nobody", async (context) => {
  const example = await openExample(context);
  for (const nobody of [
    undefined,
    {},
    { ...FINANCE, roles: [] },
    { ...FINANCE, tenant: "" },
    { ...FINANCE, stepUp: "yes" },
    { ...FINANCE, tenant: { $ne: "" } },
  ]) {
    const { status, error, runId } = await example.ask(nobody, "What is the budget of the finance department?");
    assert.deepEqual([status, error?.endsWith("(NOT_AUTHENTICATED)")], ["failed", true]);
    assert.deepEqual(example.audit.list(runId), []);
  }
});

test("a document that makes the model cite what it was not given fails the run", async (context) => {
  const example = await openExample(context);
  const { status, error, runId } = await example.ask(FINANCE, "What is the price of winches?");
  assert.deepEqual([status, error], ["failed", "The answer is withheld. (ANSWER_WITHHELD)"]);
  assert.deepEqual(
    example.audit.list(runId).flatMap(({ decision, reason }) => (decision === "rejected" ? [reason] : [])),
    ["the answer cites a document that was not retrieved"],
  );
  assert.ok(!example.audit.list(runId).some(({ decision }) => decision === "used" || decision === "verified"));
});

for (const [name, model] of [
  ["says nothing", talkative("")],
  ["cites nothing", talkative("The budget is 3.1 million euros.")],
  ["cites something else", talkative("It is low. [doc:acme-finance-budget] [doc:acme-hr-confidential-salaries]")],
] as const) {
  test(`a model that ${name} fails the run`, async (context) => {
    const example = await openExample(context, { model });
    const { status, error } = await example.ask(FINANCE, "What is the budget of the finance department?");
    assert.equal(status, "failed");
    assert.match(error ?? "", /^The answer is withheld/);
  });
}

test("a model that breaks fails the run", async (context) => {
  const model = scriptedModel({
    onPrompt: () => {
      throw new Error("the provider is away");
    },
  });
  const example = await openExample(context, { model });
  const { status, runId } = await example.ask(FINANCE, "What is the budget of the finance department?");
  assert.equal(status, "failed");
  assert.ok(!example.audit.list(runId).some(({ decision }) => decision === "verified"));
});

test("a verification that breaks is one that was not passed", async (context) => {
  const verify = (): never => {
    throw new Error("broken");
  };
  const example = await openExample(context, { verify });
  const { status, error, runId } = await example.ask(HR, "How many days of vacation do employees have?");
  assert.deepEqual([status, error], ["failed", "The answer could not be verified. (VERIFICATION_FAILED)"]);
  assert.equal(example.audit.list(runId).at(-1)?.decision, "failed");
});

test("a run whose decisions cannot be recorded gives no answer", async (context) => {
  const example = await openExample(context);
  example.audit.record = () => {
    throw new Error("the disk is full");
  };
  const { status, answer } = await example.ask(FINANCE, "What is the budget of the finance department?");
  assert.deepEqual([status, answer], ["failed", undefined]);
  assert.deepEqual(example.prompts, []);
});

test("the record has a row for each decision", async (context) => {
  const example = await openExample(context);
  const question = "What is the budget of the finance department?";
  const { runId } = await example.ask(FINANCE, question);
  const rows = example.audit.list(runId);
  const count = (decision: string): number => rows.filter((row) => row.decision === decision).length;
  assert.deepEqual(["admitted", "allowed", "refused", "used", "verified"].map(count), [1, 1, 10, 1, 1]);
  for (const row of rows) {
    assert.deepEqual([row.runId, row.sub, row.tenant, row.roles, row.stepUp, row.question], [runId, FINANCE.sub, "acme", ["finance.viewer"], false, question]);
    assert.ok(Date.parse(row.at) > 0);
  }
  const reasonOf = (docId: string): string | undefined => rows.find((row) => row.docId === docId)?.reason;
  assert.equal(reasonOf("acme-finance-confidential-acquisition"), "classification");
  assert.equal(reasonOf("acme-hr-hiring"), "role");
  assert.equal(reasonOf("globex-finance-budget"), "tenant");
  assert.equal(reasonOf("globex-finance-forecast"), "tenant,role,classification");
});

test("the record cannot be changed, and the same decision is in it once", async (context) => {
  const example = await openExample(context);
  const subject = { runId: "run", requester: FINANCE, question: "?" };
  example.audit.record(subject, [{ decision: "admitted" }]);
  example.audit.record(subject, [{ decision: "admitted" }, { decision: "verified" }]);
  assert.deepEqual(
    example.audit.list("run").map(({ decision }) => decision),
    ["admitted", "verified"],
  );
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(`${example.folder}/audit.db`);
  for (const sql of ["DELETE FROM decisions", "UPDATE decisions SET sub = 'somebody else'"]) assert.throws(() => database.exec(sql), /append-only/);
  database.close();
});
