import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { accessOf } from "../src/access.ts";
import { DEMO_USERS } from "../src/demo-users.ts";
import { filesOf } from "../src/environment.ts";
import { DOCUMENTS, openExample } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const BUDGET = "What is the budget of the finance department?";
/** More than the store looks at before it filters for itself. */
const MANY = 140;

test("documents that are not theirs, however many and however near, push out none that is", async (context) => {
  const example = await openExample(context);
  const near = Array.from({ length: MANY }, (_, number) => ({
    id: `near-${number}`,
    source: `near/${number}.md`,
    title: BUDGET,
    text: `${BUDGET} It is ${number}.`,
    tenantTag: number % 2 === 0 ? "tenant:globex" : "tenant:acme",
    roleTags: ["role:finance.viewer"],
    classification: "confidential" as const,
  }));
  await example.index.replace([...DOCUMENTS, ...near]);
  for (const topK of [1, 12]) {
    const found = await example.index.search(BUDGET, accessOf(FINANCE), topK);
    assert.equal(found[0]?.docId, "acme-finance-budget", String(topK));
    assert.ok(found.every(({ source }) => !source.startsWith("near/")));
  }
  const { answer, runId } = await example.ask(FINANCE, BUDGET);
  assert.deepEqual(answer?.citations, [{ docId: "acme-finance-budget", source: "acme/finance/budget.md" }]);
  const refused = example.audit.list(runId).filter(({ decision }) => decision === "refused");
  assert.ok(refused.length > 0 && refused.every(({ source = "" }) => source.startsWith("near/")));
});

test("a passage is not to be had by an id that is none", async (context) => {
  const example = await openExample(context);
  const ids = ["", "%", "*", "acme-finance-budget", "acme-finance-budget#0' OR '1'='1", "acme-finance-budget#99", "__proto__"];
  assert.deepEqual(await example.index.passages(ids, accessOf({ ...DEMO_USERS.executive, stepUp: true })), []);
  const [budget] = await example.index.passages([...ids, "acme-finance-budget#0"], accessOf(FINANCE));
  assert.equal(budget?.docId, "acme-finance-budget");
});

test("the folder of the index, the runs and the record is for who runs the server only", async (context) => {
  const example = await openExample(context);
  const folder = join(example.folder, "of-its-own");
  filesOf({ GOVERNED_RAG_DATA: folder });
  // Windows has no such bits: a folder is for its user there.
  assert.equal(process.platform === "win32" ? 0 : statSync(folder).mode & 0o077, 0);
});
