import assert from "node:assert/strict";
import { test } from "node:test";
import { accessOf } from "../src/access.ts";
import { loadCorpus } from "../src/corpus.ts";
import { DEMO_USERS } from "../src/demo-users.ts";
import { secretOf } from "../src/environment.ts";
import { indexCorpus } from "../src/index-workflow.ts";
import { corpusOf, RULE } from "./corpus-files.ts";
import { CORPUS, DOCUMENTS, openExample, POLICY } from "./open-example.ts";

test("the corpus has two tenants and all classifications", () => {
  const values = (key: "tenantTag" | "classification"): readonly string[] => [...new Set(DOCUMENTS.map((document) => document[key]))].toSorted();
  assert.deepEqual(values("tenantTag"), ["tenant:acme", "tenant:globex"]);
  assert.deepEqual(values("classification"), ["confidential", "internal", "public"]);
});

test("a document that no rule fits is not indexed, and the others neither", async () => {
  const { folder, policy, remove } = corpusOf({ "a/one.md": "# One", "ab/two.md": "# Two" }, [RULE]);
  await assert.rejects(loadCorpus(folder, policy), /No rule of the policy fits ab\/two\.md/);
  remove();
});

for (const [name, rule] of [
  ["a role that there is not", { ...RULE, roles: ["boss"] }],
  ["no role", { ...RULE, roles: [] }],
  ["a classification that there is not", { ...RULE, classification: "secret" }],
  ["something internal for everybody", { ...RULE, roles: ["public"] }],
  ["no tenant", { ...RULE, tenant: "" }],
] as const) {
  test(`a policy with ${name} is refused`, async () => {
    const { folder, policy, remove } = corpusOf({ "a/one.md": "# One" }, [rule]);
    await assert.rejects(loadCorpus(folder, policy));
    remove();
  });
}

test("indexing again takes out what is gone and takes over what the policy says now", async (context) => {
  const example = await openExample(context);
  const found = async (): Promise<readonly string[]> =>
    (await example.index.search("salary budget", accessOf({ ...DEMO_USERS.executive, stepUp: true }), 100)).map(({ docId }) => docId).toSorted();
  assert.ok((await found()).includes("acme-finance-budget"));
  const { folder, policy, remove } = corpusOf({ "a/one.md": "# Salary budget", "b/two.md": "# Salary budget" }, [
    RULE,
    { ...RULE, path: "b/**", tenant: "globex" },
  ]);
  await indexCorpus(example.index, folder, policy);
  assert.deepEqual(await found(), ["a-one"]);
  await indexCorpus(example.index, CORPUS, POLICY);
  assert.ok(!(await found()).includes("a-one"));
  remove();
});

test("there is no secret but the one that is set", () => {
  assert.throws(() => secretOf({}), /HOLDFAST_JWT_SECRET/);
  assert.throws(() => secretOf({ HOLDFAST_JWT_SECRET: "dev-secret" }), /at least 32 bytes/);
  assert.equal(secretOf({ HOLDFAST_JWT_SECRET: "x".repeat(32) }), "x".repeat(32));
});
