import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json, MOUNTS, openHost, type Host, type SendOptions } from "./host.ts";
import { resultPath, runBody } from "./events.ts";

interface Row extends SendOptions {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly code?: string;
  /** Paths that the details name. */
  readonly at?: readonly string[];
}

const LONG = "a".repeat(300);
const P = "/io-bridge";

const REFUSED: readonly Row[] = [
  { title: "a run whose body is not JSON", method: "POST", path: `${P}/run`, text: "{", status: 400, code: "INVALID_INPUT", at: [""] },
  {
    title: "a run without runId and messages",
    method: "POST",
    path: `${P}/run`,
    body: { threadId: "t" },
    status: 400,
    code: "INVALID_INPUT",
    at: ["runId", "messages"],
  },
  { title: "a run with a bad id", method: "POST", path: `${P}/run`, body: runBody({ runId: LONG }), status: 400, code: "INVALID_INPUT", at: ["runId"] },
  {
    title: "a run with bad forwardedProps",
    method: "POST",
    path: `${P}/run`,
    body: runBody({ forwardedProps: { agentId: 5, toolTimeoutMs: 0 } }),
    status: 400,
    code: "INVALID_INPUT",
    at: ["forwardedProps.agentId", "forwardedProps.toolTimeoutMs"],
  },
  {
    title: "a hold over a day",
    method: "POST",
    path: `${P}/run`,
    body: runBody({ forwardedProps: { toolTimeoutMs: 86_400_001 } }),
    status: 400,
    code: "INVALID_INPUT",
    at: ["forwardedProps.toolTimeoutMs"],
  },
  {
    title: "a structuredOutput that is no JSON",
    method: "POST",
    path: `${P}/run`,
    body: runBody({ forwardedProps: { structuredOutput: "{" } }),
    status: 400,
    code: "INVALID_INPUT",
    at: ["forwardedProps.structuredOutput"],
  },
  {
    title: "a structuredOutput that is no object",
    method: "POST",
    path: `${P}/run`,
    body: runBody({ forwardedProps: { structuredOutput: "[1]" } }),
    status: 400,
    code: "INVALID_INPUT",
    at: ["forwardedProps.structuredOutput"],
  },
  {
    title: "a run of an unknown agent",
    method: "POST",
    path: `${P}/run`,
    body: runBody({ forwardedProps: { agentId: "nobody" } }),
    status: 404,
    code: "AGENT_NOT_FOUND",
  },
  {
    title: "a run for somebody else",
    method: "POST",
    path: `${P}/run`,
    body: runBody({ forwardedProps: { resourceId: "bob" } }),
    status: 403,
    code: "NOT_AUTHORIZED",
  },

  { title: "a result that is no JSON", method: "POST", path: resultPath("r", "c"), text: "nope", status: 400, code: "INVALID_INPUT", at: [""] },
  { title: "a result that is no object", method: "POST", path: resultPath("r", "c"), body: [1], status: 400, code: "INVALID_INPUT", at: [""] },
  {
    title: "a result with none of the three keys",
    method: "POST",
    path: resultPath("r", "c"),
    body: { value: 1 },
    status: 400,
    code: "INVALID_INPUT",
    at: [""],
  },
  {
    title: "a result whose error is no text",
    method: "POST",
    path: resultPath("r", "c"),
    body: { error: 5 },
    status: 400,
    code: "INVALID_INPUT",
    at: ["error"],
  },
  {
    title: "a result with an empty run id",
    method: "POST",
    path: resultPath("%20", "c"),
    body: { result: 1 },
    status: 400,
    code: "INVALID_INPUT",
    at: ["runId"],
  },
  { title: "a result for an unknown run", method: "POST", path: resultPath("r", "c"), body: { result: 1 }, status: 404, code: "RUN_NOT_FOUND" },
  {
    title: "a result for somebody else",
    method: "POST",
    path: `${resultPath("r", "c")}?resourceId=bob`,
    body: { result: 1 },
    status: 403,
    code: "NOT_AUTHORIZED",
  },

  { title: "an agent with an empty id", method: "GET", path: `${P}/agents/%20`, status: 400, code: "INVALID_INPUT", at: ["agentId"] },
  { title: "an unknown agent", method: "GET", path: `${P}/agents/nobody`, status: 404, code: "AGENT_NOT_FOUND" },

  {
    title: "a thread without resourceId",
    method: "POST",
    path: `${P}/threads`,
    body: { title: "Fruit" },
    status: 400,
    code: "INVALID_INPUT",
    at: ["resourceId"],
  },
  {
    title: "a thread whose metadata is a list",
    method: "POST",
    path: `${P}/threads`,
    body: { resourceId: "ann", metadata: [] },
    status: 400,
    code: "INVALID_INPUT",
    at: ["metadata"],
  },
  {
    title: "a thread whose title is a number",
    method: "POST",
    path: `${P}/threads`,
    body: { resourceId: "ann", title: 5 },
    status: 400,
    code: "INVALID_INPUT",
    at: ["title"],
  },
  { title: "a thread for somebody else", method: "POST", path: `${P}/threads`, body: { resourceId: "bob" }, status: 403, code: "NOT_AUTHORIZED" },
  {
    title: "a thread of an unknown agent",
    method: "POST",
    path: `${P}/threads`,
    body: { resourceId: "ann", agentId: "nobody" },
    status: 404,
    code: "AGENT_NOT_FOUND",
  },
  { title: "a list without resourceId", method: "GET", path: `${P}/threads`, status: 400, code: "INVALID_INPUT", at: ["resourceId"] },
  { title: "a list with an empty resourceId", method: "GET", path: `${P}/threads?resourceId=`, status: 400, code: "INVALID_INPUT", at: ["resourceId"] },
  { title: "the list of somebody else", method: "GET", path: `${P}/threads?resourceId=bob`, status: 403, code: "NOT_AUTHORIZED" },
  { title: "a thread with an empty id", method: "GET", path: `${P}/threads/%20`, status: 400, code: "INVALID_INPUT", at: ["threadId"] },
  { title: "an unknown thread", method: "GET", path: `${P}/threads/none`, status: 404, code: "THREAD_NOT_FOUND" },
  { title: "a change under an empty id", method: "PATCH", path: `${P}/threads/%20`, body: {}, status: 400, code: "INVALID_INPUT", at: ["threadId"] },
  { title: "a change that is no object", method: "PATCH", path: `${P}/threads/none`, body: 5, status: 400, code: "INVALID_INPUT", at: [""] },
  {
    title: "a change whose metadata is null",
    method: "PATCH",
    path: `${P}/threads/none`,
    body: { metadata: null },
    status: 400,
    code: "INVALID_INPUT",
    at: ["metadata"],
  },
  { title: "a change of an unknown thread", method: "PATCH", path: `${P}/threads/none`, body: { title: "x" }, status: 404, code: "THREAD_NOT_FOUND" },
  { title: "a removal under an empty id", method: "DELETE", path: `${P}/threads/%20`, status: 400, code: "INVALID_INPUT", at: ["threadId"] },
  { title: "a removal of an unknown thread", method: "DELETE", path: `${P}/threads/none`, status: 404, code: "THREAD_NOT_FOUND" },
  { title: "messages under an empty id", method: "GET", path: `${P}/threads/%20/messages`, status: 400, code: "INVALID_INPUT", at: ["threadId"] },
  { title: "messages with a limit of zero", method: "GET", path: `${P}/threads/none/messages?limit=0`, status: 400, code: "INVALID_INPUT", at: ["limit"] },
  { title: "messages with a negative offset", method: "GET", path: `${P}/threads/none/messages?offset=-1`, status: 400, code: "INVALID_INPUT", at: ["offset"] },
  { title: "messages with half a page", method: "GET", path: `${P}/threads/none/messages?limit=1.5`, status: 400, code: "INVALID_INPUT", at: ["limit"] },
  { title: "messages of an unknown thread", method: "GET", path: `${P}/threads/none/messages`, status: 404, code: "THREAD_NOT_FOUND" },
];

describe.each(MOUNTS)("through %s", (mount) => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost({ mount });
  });
  afterAll(() => host.close());

  test.each(REFUSED)("$title is answered with $status $code", async ({ method, path, status, code, at, title: _title, ...options }) => {
    const response = await host.send(method, path, options);
    const body = await json<{ error: string; code: string; details?: { path: string; message: string }[] }>(response);
    expect([response.status, body.code]).toEqual([status, code]);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(body.error).toEqual(expect.any(String));
    expect(Object.keys(body).toSorted()).toEqual(status === 400 ? ["code", "details", "error"] : ["code", "error"]);
    if (at !== undefined) expect(body.details?.map(({ path: where }) => where).toSorted()).toEqual([...at].toSorted());
    for (const detail of body.details ?? []) expect(detail).toEqual({ path: expect.any(String) as string, message: expect.any(String) as string });
    // Nobody learns from a refusal which agents there are.
    expect(JSON.stringify(body)).not.toContain("io-agent");
  });
});
