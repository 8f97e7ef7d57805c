import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { importsOf, sourceFiles } from "../layers.ts";
import { runBody, startRun } from "./events.ts";
import { hosts, json, MOUNTS, type Host } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

const P = "/io-bridge/threads";

interface Info {
  readonly id: string;
  readonly updatedAt: string;
  readonly metadata?: Record<string, unknown>;
}

async function created(host: Host, fields: Record<string, unknown> = {}): Promise<Info> {
  return json<Info>(await host.send("POST", P, { body: { resourceId: "ann", ...fields } }));
}

describe.each(MOUNTS)("through %s", (mount) => {
  test("what belongs to somebody else is answered about exactly like what does not exist", async () => {
    const host = await open({ mount });
    const { id } = await created(host, { title: "Private" });
    const body = runBody({ threadId: id });
    const { frameId } = await (await startRun(host, body)).until("RUN_FINISHED");
    const requests = (threadId: string): readonly (readonly [string, string, object])[] => [
      ["GET", `${P}/${threadId}`, {}],
      ["PATCH", `${P}/${threadId}`, { body: { title: "Mine" } }],
      ["DELETE", `${P}/${threadId}`, {}],
      ["GET", `${P}/${threadId}/messages`, {}],
    ];
    const unknown = requests("none");
    for (const [index, [method, path, options]] of requests(id).entries()) {
      const foreign = await host.send(method, path, { ...options, user: "bob" });
      const [, missingPath = ""] = unknown[index] ?? [];
      const missing = await host.send(method, missingPath, { ...options, user: "bob" });
      expect([method, foreign.status, await json(foreign)]).toEqual([method, missing.status, await json(missing)]);
      expect(foreign.status).toBe(404);
    }
    const foreignRun = await host.send("POST", "/io-bridge/run", { body: runBody({ threadId: id }), user: "bob" });
    expect([foreignRun.status, (await json(foreignRun))["code"]]).toEqual([404, "THREAD_NOT_FOUND"]);
    for (const cursor of [frameId, "run_none:1"]) {
      const watched = await host.send("POST", "/io-bridge/run", { body: runBody({ threadId: id }), user: "bob", headers: { "last-event-id": cursor } });
      expect([watched.status, (await json(watched))["code"]]).toEqual([404, "RUN_NOT_FOUND"]);
    }
    expect(await json(await host.send("GET", `${P}?resourceId=bob`, { user: "bob" }))).toEqual([]);
    expect(await json(await host.send("GET", `${P}/${id}`))).toMatchObject({ title: "Private" });
  });

  test("the default resource is nobody's where requests are asked who they are", async () => {
    const host = await open({ mount });
    expect((await host.send("GET", `${P}?resourceId=default`)).status).toBe(403);
    expect((await host.send("GET", `${P}?resourceId=default`, { user: "" })).status).toBe(401);
    const { threadId } = runBody({});
    await (await startRun(host, runBody({ threadId }))).rest();
    expect(await json(await host.send("GET", `${P}?resourceId=ann`))).toMatchObject([{ id: threadId, resourceId: "ann" }]);
  });

  test("each agent's threads come from its own memory, and the list can be of one agent", async () => {
    const host = await open({ mount });
    const [one, other] = [await created(host), await created(host, { agentId: "other" })];
    expect(await host.memory.getThreadById({ threadId: other.id })).toBeNull();
    expect(await host.otherMemory.getThreadById({ threadId: other.id })).toMatchObject({ resourceId: "ann" });
    const listed = async (query: string): Promise<readonly string[]> => {
      const threads = await json<Info[]>(await host.send("GET", `${P}?resourceId=ann${query}`));
      return threads.map(({ id }) => id).toSorted();
    };
    expect(await listed("")).toEqual([one.id, other.id].toSorted());
    expect(await listed("&agentId=main")).toEqual([one.id]);
    expect(await listed("&agentId=other")).toEqual([other.id]);
    expect(await listed("&agentId=nobody")).toEqual([]);
    expect((await host.send("GET", `${P}/${other.id}/messages`)).status).toBe(200);
  });

  test("a list has all threads, also the one behind the hundredth", async () => {
    const host = await open({ mount });
    const createdAt = new Date();
    for (let count = 0; count < 120; count += 1) await host.memory.createThread({ threadId: `many-${count}`, resourceId: "ann", title: String(createdAt) });
    expect(await json<Info[]>(await host.send("GET", `${P}?resourceId=ann`))).toHaveLength(120);
  });

  test("changes of one thread lose nothing: each key is merged, and a client can say which state it has seen", async () => {
    const host = await open({ mount });
    const { id } = await created(host, { metadata: { kept: 1 } });
    const path = `${P}/${id}`;
    await Promise.all(["a", "b", "c"].map((key) => host.send("PATCH", path, { body: { metadata: { [key]: 1 } } })));
    const read = await host.send("GET", path);
    expect((await json<Info>(read)).metadata).toEqual({ kept: 1, a: 1, b: 1, c: 1 });
    const etag = read.headers.get("etag") ?? "";
    const change = (ifMatch: string, value: number): Promise<Response> =>
      host.send("PATCH", path, { body: { metadata: { a: value } }, headers: { "if-match": ifMatch } });
    const [first, second] = await Promise.all([change(etag, 2), change(etag, 3)]);
    expect([first.status, second.status].toSorted((one, other) => one - other)).toEqual([200, 412]);
    const stale = await change(etag, 4);
    expect([stale.status, await json(stale)]).toEqual([412, { error: expect.any(String) as string, code: "PRECONDITION_FAILED" }]);
    expect((await change('"yesterday"', 4)).status).toBe(412);
    const current = (await host.send("GET", path)).headers.get("etag") ?? "";
    expect((await change(`"yesterday", ${current}`, 5)).status).toBe(200);
    const any = await change("*", 6);
    expect((await json<Info>(any)).metadata).toEqual({ kept: 1, a: 6, b: 1, c: 1 });
    expect(any.headers.get("etag")).not.toBe(current);
  });

  test.each([{}, { memoryOptions: { readOnly: true } }])("the state of a thread that a run with %j was on can be named too", async (forwardedProps) => {
    const host = await open({ mount });
    const { id } = await created(host);
    await (await startRun(host, runBody({ threadId: id, forwardedProps }))).rest();
    const etag = (await host.send("GET", `${P}/${id}`)).headers.get("etag") ?? "";
    const change = { body: { title: "Later" }, headers: { "if-match": etag } };
    expect((await host.send("PATCH", `${P}/${id}`, change)).status).toBe(200);
    expect((await host.send("PATCH", `${P}/${id}`, change)).status).toBe(412);
  });

  test("a thread that was removed stays removed, whatever change comes at the same time", async () => {
    const host = await open({ mount });
    for (let round = 0; round < 10; round += 1) {
      const { id } = await created(host);
      const path = `${P}/${id}`;
      await Promise.all([
        host.send("PATCH", path, { body: { title: "Back" } }),
        host.send("DELETE", path),
        host.send("PATCH", path, { body: { title: "Back" } }),
      ]);
      expect((await host.send("GET", path)).status).toBe(404);
      expect(await host.memory.getThreadById({ threadId: id })).toBeNull();
    }
  });
});

describe("beyond a Mastra server", () => {
  test("the same ten routes, liveness and readiness are served without one", async () => {
    const host = await open({ mount: "holdfast serve" });
    for (const path of ["/healthz", "/readyz"]) expect((await host.send("GET", path, { user: "" })).status).toBe(200);
    expect(await json(await host.send("GET", "/io-bridge/agents"))).toHaveLength(2);
    expect((await host.send("PUT", "/io-bridge/agents")).status).toBe(405);
  });

  test("nothing global is needed: no decorators, no container, no metadata", async () => {
    const root = join(import.meta.dirname, "..", "..", "src");
    const files = sourceFiles(root).filter(({ path }) => path.startsWith("protocols/io-bridge/") || path === "io-bridge.ts");
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) expect(importsOf(file)).not.toContain("reflect-metadata");
    for (const { path } of files) expect(readFileSync(join(root, path), "utf8")).not.toMatch(/^\s*@\w+\(/m);
    // What the import of reflect-metadata leaves behind does no harm.
    Object.assign(Reflect, { metadata: () => () => undefined, defineMetadata: () => undefined, getMetadata: () => undefined });
    const host = await open({ mount: "createHonoRoutes" });
    expect((await (await startRun(host, runBody({}))).rest()).at(-1)?.type).toBe("RUN_FINISHED");
    for (const name of ["metadata", "defineMetadata", "getMetadata"]) Reflect.deleteProperty(Reflect, name);
  });
});
