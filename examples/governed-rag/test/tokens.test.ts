import assert from "node:assert/strict";
import { test } from "node:test";
import { SignJWT, type JWTPayload } from "jose";
import type { Requester } from "../src/access.ts";
import { DEMO_USERS, tokenOf } from "../src/demo-users.ts";
import { openExample, requestOf, SECRET } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];
const HR = DEMO_USERS["hr-admin"];
const BUDGET = "What is the budget of the finance department?";
const HOUR = 3_600;
const PATHS = ["/audit/run_1", "/v1/runs", "/v1/threads", "/v1/usage", "/ag-ui/agents", "/copilotkit/threads", "/io-bridge/agents"];

const now = Math.floor(Date.now() / 1_000);
const GOOD: JWTPayload = { ...FINANCE, iss: "governed-rag", aud: "governed-rag", iat: now, exp: now + HOUR };

function sign(payload: object, secret = SECRET, alg = "HS256"): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

function unsigned(payload: object): string {
  return `${[{ alg: "none" }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;
}

function without(key: string): object {
  return Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== key));
}

const BAD: Readonly<Record<string, string | Promise<string>>> = {
  "no token": "",
  garbage: "not-a-token",
  "line breaks": "a\r\nb: c",
  unsigned: unsigned(GOOD),
  "of another secret": sign(GOOD, "another secret that is long enough"),
  "of another algorithm": sign(GOOD, SECRET.repeat(2), "HS512"),
  "of another issuer": sign({ ...GOOD, iss: "somebody" }),
  "of no issuer": sign(without("iss")),
  "for another service": sign({ ...GOOD, aud: "billing" }),
  "for several other services": sign({ ...GOOD, aud: ["billing", "governed-rag-test"] }),
  "for no service": sign(without("aud")),
  expired: sign({ ...GOOD, iat: now - HOUR, exp: now - 10 }),
  "that never expires": sign(without("exp")),
  "that lives for a week": sign({ ...GOOD, exp: now + 7 * 24 * HOUR }),
  "of an unknown age": sign(without("iat")),
  "of tomorrow": sign({ ...GOOD, iat: now + 24 * HOUR, exp: now + 25 * HOUR }),
  "that is not valid yet": sign({ ...GOOD, nbf: now + HOUR }),
  "without a user": sign(without("sub")),
  "with an empty user": sign({ ...GOOD, sub: "" }),
  "without roles": sign(without("roles")),
  "with no roles": sign({ ...GOOD, roles: [] }),
  "with roles that are a text": sign({ ...GOOD, roles: "admin" }),
  "with roles in an object": sign({ ...GOOD, roles: { 0: "admin", length: 1 } }),
  "with a role that is no text": sign({ ...GOOD, roles: [["admin"]] }),
  "without a tenant": sign(without("tenant")),
  "with two tenants": sign({ ...GOOD, tenant: ["acme", "globex"] }),
  "with a tenant that is a pattern": sign({ ...GOOD, tenant: "%" }),
  "with a tenant of everybody": sign({ ...GOOD, tenant: "*" }),
  "with a tenant that is a statement": sign({ ...GOOD, tenant: "acme' OR '1'='1" }),
  "with a tenant that is an operator": sign({ ...GOOD, tenant: { $ne: "" } }),
  "with a tenant that objects have": sign({ ...GOOD, tenant: "__proto__" }),
  "with a tenant and a line break": sign({ ...GOOD, tenant: "acme\n" }),
  "with a step-up that is a text": sign({ ...GOOD, stepUp: "true" }),
  "with a step-up that is a number": sign({ ...GOOD, stepUp: 1 }),
};

test("who has no good token gets 401 everywhere", async (context) => {
  const example = await openExample(context);
  for (const [name, given] of Object.entries(BAD)) {
    const jwt = await given;
    assert.equal((await example.fetch(requestOf("/api/chat", { jwt, question: BUDGET }))).status, 401, name);
    const header = /[\r\n]/.test(jwt) || jwt === "" ? {} : { authorization: `Bearer ${jwt}` };
    const message = { id: "m", role: "user", parts: [{ type: "text", text: BUDGET }] };
    assert.equal((await example.fetch(requestOf("/api/chat", { messages: [message], agentId: "governed-rag" }, header))).status, 401, name);
    assert.equal((await example.fetch(requestOf("/v1/runs", { workflowId: "governed-rag-answer", input: { question: BUDGET } }, header))).status, 401, name);
    for (const path of PATHS) assert.equal((await example.fetch(requestOf(path, undefined, header))).status, 401, `${name} ${path}`);
  }
  assert.deepEqual(example.prompts, []);
});

for (const [name, claims] of [
  ["as the others are made of", {}],
  ["for several services", { aud: ["billing", "governed-rag"] }],
  ["without a word of a step-up", { stepUp: undefined }],
  ["with a field too many", { principal: { roles: ["admin"] }, resourceId: "somebody" }],
] as const) {
  test(`a token ${name} is good`, async (context) => {
    const example = await openExample(context);
    const response = await example.fetch(requestOf("/v1/runs", undefined, { authorization: `Bearer ${await sign({ ...GOOD, ...claims })}` }));
    assert.deepEqual([response.status, await response.json()], [200, { runs: [] }]);
  });
}

for (const roles of [["__proto__"], ["constructor", "toString"], ["*"], ["admin "], ["ADMIN"], ["role:admin"], ["%"], ["admin' OR 1=1"], ['"]},{"$ne":"']]) {
  test(`the role ${JSON.stringify(roles)} gives what is public and no more`, async (context) => {
    const example = await openExample(context);
    const somebody: Requester = { ...FINANCE, roles, stepUp: true };
    assert.deepEqual((await example.ask(somebody, BUDGET)).answer?.citations, []);
    assert.equal((await example.ask(somebody, "When was Acme founded?")).answer?.citations[0]?.docId, "acme-public-about");
  });
}

test("two tokens of one request have to be of the same", async (context) => {
  const example = await openExample(context);
  const send = async (ofBody: Requester, authorization: string): Promise<number> =>
    (await example.fetch(requestOf("/api/chat", { jwt: await tokenOf(ofBody, SECRET), question: BUDGET }, { authorization, accept: "application/json" }))).status;
  assert.equal(await send(FINANCE, `Bearer ${await tokenOf(FINANCE, SECRET)}`), 200);
  for (const other of [HR, { ...FINANCE, tenant: "globex" }, { ...FINANCE, stepUp: true }]) assert.equal(await send(FINANCE, `Bearer ${await tokenOf(other, SECRET)}`), 401);
  assert.equal(await send(FINANCE, "Bearer not-a-token"), 401);
  const badBody = await example.send(FINANCE, "/api/chat", { jwt: "not-a-token", question: BUDGET });
  assert.equal(badBody.status, 401);
});
