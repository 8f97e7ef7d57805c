import assert from "node:assert/strict";
import { test } from "node:test";
import { LibSQLVector } from "@mastra/libsql";
import { accessOf } from "../src/access.ts";
import { loadCorpus } from "../src/corpus.ts";
import { DEMO_USERS } from "../src/demo-users.ts";
import { DocumentIndex } from "../src/document-index.ts";
import { hashedEmbedder } from "../src/embedder.ts";
import { filesOf } from "../src/environment.ts";
import { NO_DOCUMENTS } from "../src/verification.ts";
import { corpusOf, RULE } from "./corpus-files.ts";
import { DOCUMENTS, openExample } from "./open-example.ts";

const CONFIDENTIAL = { ...RULE, classification: "confidential" };
const ONE = { "a/one.md": "# One" };
const EXECUTIVE = { ...DEMO_USERS.executive, stepUp: true };

for (const [name, rules] of [
  ["whose rule comes behind one of the whole folder", [RULE, { ...CONFIDENTIAL, path: "a/secret/**" }]],
  ["whose rule for a file comes behind its folder", [RULE, { ...CONFIDENTIAL, path: "a/one.md" }]],
  ["with two rules for one path", [RULE, CONFIDENTIAL]],
  ["with a pattern inside a path", [{ ...CONFIDENTIAL, path: "a/*/secret/**" }, RULE]],
  ["with a pattern of files", [{ ...CONFIDENTIAL, path: "a/*.md" }, RULE]],
  ["with a path that begins with a slash", [{ ...CONFIDENTIAL, path: "/a/**" }, RULE]],
  ["with a path that climbs", [{ ...CONFIDENTIAL, path: "b/../a/**" }, RULE]],
  ["with a path of Windows", [{ ...CONFIDENTIAL, path: "a\\secret\\**" }, RULE]],
  ["with a blank in front of a path", [{ ...CONFIDENTIAL, path: " a/**" }, RULE]],
  ["with a role twice", [{ ...RULE, roles: ["employee", "employee"] }]],
  ["with a role of another spelling", [{ ...RULE, roles: ["Employee"] }]],
  ["with everybody as a role", [{ ...RULE, roles: ["*"] }]],
  ["with a role that objects have", [{ ...RULE, roles: ["__proto__"] }]],
  ["with the classification of another spelling", [{ ...RULE, classification: "Internal" }]],
  ["without a classification", [{ path: "a/**", tenant: "acme", roles: ["employee"] }]],
  ["with a field too many", [{ ...RULE, allow: ["reader"] }]],
  ["without rules", []],
] as const) {
  test(`a policy ${name} is refused, and says where`, async () => {
    const { folder, policy, remove } = corpusOf(ONE, rules);
    await assert.rejects(loadCorpus(folder, policy), { code: rules.length === 0 ? "DOCUMENT_INVALID" : "POLICY_INVALID", message: /policy/i });
    remove();
  });
}

for (const [name, text] of [
  ["is no JSON", '{ "rules": ['],
  ["is empty", ""],
  ["is a list", "[]"],
  ["has no rules", "{}"],
  ["names a classification twice", JSON.stringify({ rules: [CONFIDENTIAL] }).replace("}]", ', "classification": "internal"}]')],
] as const) {
  test(`a policy that ${name} is refused`, async () => {
    const { folder, policy, remove } = corpusOf(ONE, text);
    await assert.rejects(loadCorpus(folder, policy), { code: "POLICY_INVALID" });
    remove();
  });
}

for (const [name, files] of [
  ["documents of which two would have one id", { "a/b-c.md": "# Low", "a/b/c.md": "# High" }],
  ["documents with the mark of a citation in a name", { "a/b] [doc:c.md": "# One" }],
  ["documents with a blank in a name", { "a/b c.md": "# One" }],
] as readonly (readonly [string, Readonly<Record<string, string>>])[]) {
  test(`${name} are refused`, async () => {
    const { folder, policy, remove } = corpusOf(files, [RULE]);
    await assert.rejects(loadCorpus(folder, policy), { code: "DOCUMENT_INVALID" });
    remove();
  });
}

test("the labels of an index with another embedder do not come back", async (context) => {
  const example = await openExample(context);
  const access = accessOf(EXECUTIVE);
  assert.ok((await example.index.search("salary bands", access, 100)).length > 0);
  const other = await DocumentIndex.open(filesOf({ GOVERNED_RAG_DATA: example.folder }).indexUrl, { ...hashedEmbedder(), id: "another" });
  context.after(() => other.close());
  await other.replace(DOCUMENTS.filter(({ id }) => id === "acme-public-about"));
  // The server goes back to the embedder of before, and its documents have been taken out since.
  const again = await DocumentIndex.open(filesOf({ GOVERNED_RAG_DATA: example.folder }).indexUrl, hashedEmbedder());
  context.after(() => again.close());
  assert.deepEqual(await again.search("salary bands", access, 100), []);
});

for (const [name, labels] of [
  ["a classification that there is not", { tenantTag: "tenant:acme", roleTags: ["role:public"], classification: "secret" }],
  ["no classification", { tenantTag: "tenant:acme", roleTags: ["role:public"] }],
  ["a classification in a list", { tenantTag: "tenant:acme", roleTags: ["role:public"], classification: ["public", "confidential"] }],
  ["a tenant in a list", { tenantTag: ["tenant:acme", "tenant:globex"], roleTags: ["role:public"], classification: "public" }],
  ["roles that are a text", { tenantTag: "tenant:acme", roleTags: "role:public", classification: "public" }],
  ["no role", { tenantTag: "tenant:acme", roleTags: [], classification: "public" }],
  ["a role for everybody", { tenantTag: "tenant:acme", roleTags: ["*"], classification: "public" }],
  ["no labels", {}],
] as const) {
  test(`a passage with ${name} that got into the store is told to nobody, and the others are`, async (context) => {
    const example = await openExample(context);
    const { id, dimension, embed } = example.index.embedder;
    const store = new LibSQLVector({ id: "stray", url: filesOf({ GOVERNED_RAG_DATA: example.folder }).indexUrl });
    context.after(() => store.close());
    const text = "The zeppelin of the director is purple.";
    const [vector = []] = await embed([text]);
    assert.equal(vector.length, dimension);
    const metadata: Record<string, unknown>[] = [{ passageId: "stray#0", docId: "stray", source: "stray.md", title: "Zeppelin", text, ...labels }];
    await store.upsert({ indexName: `documents_${id}`, ids: ["stray#0"], vectors: [[...vector]], metadata });
    const stray = await example.ask(EXECUTIVE, "What colour has the zeppelin of the director?");
    assert.deepEqual([stray.status, stray.answer?.answer], ["success", NO_DOCUMENTS], stray.error ?? name);
    const other = await example.ask(EXECUTIVE, "What are the salary bands of engineers?");
    assert.equal(other.answer?.citations[0]?.docId, "acme-hr-confidential-salaries");
    assert.ok(example.prompts.every((prompt) => !prompt.includes("purple")));
    // Indexing takes it out, although no document is called like it.
    await example.index.replace(DOCUMENTS);
    assert.equal(await example.index.size(), DOCUMENTS.reduce((sum, document) => sum + document.text.split(/^## /m).length, 0));
  });
}
