import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Mastra } from "@mastra/core/mastra";
import { RequestContext } from "@mastra/core/request-context";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { IoMastraBridgeFactory, type IoMastraBridge } from "../../src/io-bridge.ts";
import { runBody, startRun, textOf } from "./events.ts";
import { hosts, json, mastraServer, senderOf } from "./host.ts";

const { open, close } = hosts();
let directory: string;
const bridges: IoMastraBridge.API[] = [];

function bridge(config?: IoMastraBridge.BridgeConfig): IoMastraBridge.API {
  const made = IoMastraBridgeFactory(config);
  bridges.push(made);
  return made;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-factory-"));
});
afterEach(async () => {
  for (const made of bridges.splice(0)) await made.close?.();
  await close();
  rmSync(directory, { recursive: true, force: true });
});

describe("the configuration", () => {
  test.each([{ prefix: "io-bridge" }, { prefix: "" }, { prefix: 5 }, { authenticate: "me" }, { onFault: 1 }, { store: "" }, 5, "x"])(
    "%j is refused with a ValidationError",
    (config) => {
      const refused = (): unknown => IoMastraBridgeFactory(config as IoMastraBridge.BridgeConfig);
      expect(refused).toThrow(expect.objectContaining({ name: "ValidationError" }) as Error);
    },
  );

  test.each([
    [undefined, "/io-bridge/run"],
    [{}, "/io-bridge/run"],
    [{ prefix: "/api/v1" }, "/api/v1/run"],
    [{ prefix: "/api/v1/" }, "/api/v1/run"],
    [{ prefix: "/" }, "/run"],
    [{ somethingElse: true }, "/io-bridge/run"],
  ])("%j puts the first route at %s", (config, path) => {
    expect(IoMastraBridgeFactory(config as IoMastraBridge.BridgeConfig).createHonoRoutes()[0]?.path).toBe(path);
  });
});

test("the routes are exactly the ten of the contract", () => {
  const routes = IoMastraBridgeFactory().createHonoRoutes();
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /io-bridge/run",
    "POST /io-bridge/runs/:runId/tool-calls/:toolCallId/result",
    "GET /io-bridge/agents",
    "GET /io-bridge/agents/:agentId",
    "POST /io-bridge/threads",
    "GET /io-bridge/threads",
    "GET /io-bridge/threads/:threadId",
    "PATCH /io-bridge/threads/:threadId",
    "DELETE /io-bridge/threads/:threadId",
    "GET /io-bridge/threads/:threadId/messages",
  ]);
  for (const route of routes) {
    expect(Object.keys(route).toSorted()).toEqual(["handler", "method", "path"]);
    expect(route.handler).toBeTypeOf("function");
  }
});

test("Mastra takes the routes as its own", async () => {
  const apiRoutes = IoMastraBridgeFactory().createHonoRoutes();
  const mastra = new Mastra({ logger: false, server: { apiRoutes } });
  expect(mastra.getServer()?.apiRoutes).toHaveLength(10);
});

describe("the engine behind the routes", () => {
  test("opens with the first request, on the store of the configuration, and runs agents", async () => {
    const { mastra } = await open({ mount: "createHonoRoutes" });
    const path = join(directory, "runs.db");
    const made = bridge({ store: `sqlite:${path}` });
    const send = senderOf(mastraServer(made, mastra));
    expect(existsSync(path)).toBe(false);
    const events = await (await startRun({ send }, runBody({}))).rest();
    expect(textOf(events)).toBe("Hello.");
    expect(existsSync(path)).toBe(true);
  });

  test("is on the store that HOLDFAST_STORE names where the configuration names none", async () => {
    const { mastra } = await open({ mount: "createHonoRoutes" });
    const path = join(directory, "named.db");
    vi.stubEnv("HOLDFAST_STORE", `sqlite:${path}`);
    expect((await senderOf(mastraServer(bridge(), mastra))("GET", "/io-bridge/agents")).status).toBe(200);
    expect(existsSync(path)).toBe(true);
  });

  test("that cannot be opened is a 500 without its cause, and is opened again by the next request", async () => {
    const { mastra } = await open({ mount: "createHonoRoutes" });
    const faults: unknown[] = [];
    const made = bridge({ store: `sqlite:${join(directory, "none", "runs.db")}\0`, onFault: (error) => void faults.push(error) });
    const send = senderOf(mastraServer(made, mastra));
    for (const count of [1, 2]) {
      const response = await send("GET", "/io-bridge/agents");
      const body = await json(response);
      expect([response.status === 500 || response.status === 503, JSON.stringify(body).includes(directory)]).toEqual([true, false]);
      if (response.status === 500) expect(faults).toHaveLength(count);
    }
  });

  test("a server that is no Mastra server is told so in its log, not to the caller", async () => {
    const faults: unknown[] = [];
    const made = bridge({ store: "memory", onFault: (error) => void faults.push(error) });
    const app = new Hono();
    for (const { method, path, handler } of made.createHonoRoutes()) app.on(method, path, handler);
    const response = await senderOf(app)("GET", "/io-bridge/agents");
    expect([response.status, (await json(response))["code"]]).toEqual([500, "INTERNAL_ERROR"]);
    expect(String(faults[0])).toContain("mastra");
  });
});

test("a body that is too large is refused, whether it tells its length or not", async () => {
  const { mastra } = await open({ mount: "createHonoRoutes" });
  const { fetch } = mastraServer(bridge({ store: "memory" }), mastra);
  const text = JSON.stringify({ ...runBody({}), state: "x".repeat(5_000_000) });
  const unmeasured = new Blob([text]).stream();
  for (const [headers, body] of [
    [{ "content-length": String(text.length) }, text],
    [{}, unmeasured],
  ] as const) {
    const response = await fetch(new Request("http://host.test/io-bridge/run", { method: "POST", headers, body, duplex: "half" } as RequestInit));
    expect([response.status, (await json(response))["code"]]).toEqual([413, "INPUT_TOO_LARGE"]);
  }
});

describe("who makes a request", () => {
  /** A Mastra server whose request context holds what is given. */
  async function server(
    context: Readonly<Record<string, unknown>>,
    options: { readonly hasAuth?: boolean } & IoMastraBridge.BridgeConfig = {},
  ): Promise<ReturnType<typeof senderOf>> {
    const { hasAuth = false, ...config } = options;
    const host = await open({ mount: "createHonoRoutes" });
    if (hasAuth) vi.spyOn(host.mastra, "getServer").mockReturnValue({ auth: { authenticateToken: () => Promise.resolve({}) } });
    const inner = mastraServer(bridge({ store: "memory", ...config }), host.mastra);
    const outer = new Hono<{ Variables: { requestContext: RequestContext; mastra: Mastra } }>();
    outer.use(async (request, next) => {
      request.set("requestContext", new RequestContext(Object.entries(context)));
      await next();
    });
    outer.route("/", inner as unknown as typeof outer);
    return senderOf(outer);
  }

  const own = "/io-bridge/threads?resourceId=";

  test.each([
    ["the resource that the server maps its users to", { mastra__resourceId: "team", mastra__user: { sub: "ann" } }, "team"],
    ["the sub of the user", { mastra__user: { sub: "ann", id: "7" } }, "ann"],
    ["the id of the user", { mastra__user: { id: "7" } }, "7"],
  ])("%s is the owner", async (_title, context, owner) => {
    const send = await server(context, { hasAuth: true });
    expect((await send("GET", own + owner)).status).toBe(200);
    expect((await send("GET", `${own}somebody`)).status).toBe(403);
  });

  test("a server with authentication that found nobody refuses, whatever the request says of its user", async () => {
    const send = await server({ user: { id: "ann" } }, { hasAuth: true });
    const response = await send("GET", `${own}ann`);
    expect([response.status, await json(response)]).toEqual([401, { error: expect.any(String) as string, code: "NOT_AUTHENTICATED" }]);
  });

  test("a server without authentication believes the resourceId, and no user that a request made up", async () => {
    const send = await server({ user: { id: "ann" } });
    expect((await send("GET", `${own}somebody`)).status).toBe(200);
  });

  test("a configured authenticate decides alone", async () => {
    const send = await server({ mastra__user: { id: "7" } }, { authenticate: (context) => (context.req.header("x-user") ? { resourceId: "ann" } : undefined) });
    expect((await send("GET", `${own}ann`)).status).toBe(200);
    expect((await send("GET", `${own}7`)).status).toBe(403);
    expect((await send("GET", `${own}ann`, { user: "" })).status).toBe(401);
  });
});
