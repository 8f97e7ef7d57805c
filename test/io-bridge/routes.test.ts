import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json, MOUNTS, openHost, type Host } from "./host.ts";

const P = "/io-bridge";

describe.each(MOUNTS)("through %s", (mount) => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost({ mount });
  });
  afterAll(() => host.close());

  test("agents are a bare list of what is known of each", async () => {
    const response = await host.send("GET", `${P}/agents`);
    expect(response.status).toBe(200);
    const model = { provider: "scripted", name: "script-1" };
    expect(await json<unknown[]>(response)).toEqual([
      { id: "io-agent", name: "Main", model },
      { id: "other", name: "Other", model },
    ]);
  });

  test.each(["io-agent", "main"])("an agent is found by its id or by its key, as %s", async (agentId) => {
    expect(await json(await host.send("GET", `${P}/agents/${agentId}`))).toMatchObject({ id: "io-agent", name: "Main" });
  });

  test("a thread is created with an id of the server, listed, changed and removed", async () => {
    const created = await host.send("POST", `${P}/threads`, { body: { id: "mine", resourceId: "ann", title: "Fruit", metadata: { a: 1, b: { c: 1 } } } });
    const thread = await json<{ id: string; createdAt: string; updatedAt: string }>(created);
    expect(created.status).toBe(201);
    expect(thread).toEqual({
      id: expect.stringMatching(/^thr_/) as string,
      resourceId: "ann",
      title: "Fruit",
      createdAt: new Date(thread.createdAt).toISOString(),
      updatedAt: new Date(thread.updatedAt).toISOString(),
      metadata: { a: 1, b: { c: 1 } },
    });
    expect(created.headers.get("etag")).toBe(`"${thread.updatedAt}"`);
    const path = `${P}/threads/${thread.id}`;

    expect(await json<unknown[]>(await host.send("GET", `${P}/threads?resourceId=ann`))).toContainEqual(thread);
    expect(await json(await host.send("GET", path))).toEqual(thread);

    const changed = await host.send("PATCH", path, { body: { title: "Pears", metadata: { b: null, d: [2] } } });
    expect(changed.status).toBe(200);
    expect(await json(changed)).toMatchObject({ id: thread.id, title: "Pears", metadata: { a: 1, b: null, d: [2] } });

    const removed = await host.send("DELETE", path);
    expect([removed.status, await removed.text()]).toEqual([204, ""]);
    expect((await host.send("DELETE", path)).status).toBe(404);
    expect((await host.send("GET", path)).status).toBe(404);
  });

  test.each([{ text: "{}" }, { text: "" }])("a change with the body '$text' changes nothing and answers 200", async ({ text }) => {
    const thread = await json<{ id: string }>(await host.send("POST", `${P}/threads`, { body: { resourceId: "ann", metadata: { a: 1 } } }));
    const response = await host.send("PATCH", `${P}/threads/${thread.id}`, { text });
    expect(response.status).toBe(200);
    expect(await json(response)).toEqual(thread);
  });

  test("the messages of a thread come in pages, of which the offset is the number", async () => {
    const thread = await json<{ id: string }>(await host.send("POST", `${P}/threads`, { body: { resourceId: "ann" } }));
    const at = Date.now();
    const messages = Array.from({ length: 50 }, (_, index) => ({
      id: `${mount}-${index}`,
      role: "user" as const,
      content: { format: 2 as const, parts: [{ type: "text" as const, text: String(index) }] },
      threadId: thread.id,
      resourceId: "ann",
      createdAt: new Date(at + index),
    }));
    await host.memory.saveMessages({ messages });
    const path = `${P}/threads/${thread.id}/messages`;
    const ids = async (query: string): Promise<readonly string[]> =>
      (await json<{ id: string }[]>(await host.send("GET", `${path}${query}`))).map(({ id }) => id);
    const all = await ids("?limit=50");
    expect(all.toSorted()).toEqual(messages.map(({ id }) => id).toSorted());
    // As Mastra counts them: the newest page is the first one, and each page stands in the order in which it was said.
    expect(await ids("?limit=20&offset=0")).toEqual(all.slice(30));
    expect(await ids("?limit=20&offset=1")).toEqual(all.slice(10, 30));
    expect(await ids("?limit=20&offset=2")).toEqual(all.slice(0, 10));
    expect(await ids("?limit=20&offset=3")).toEqual([]);
    expect(await ids("")).toEqual(all.slice(10));
    const [newest] = await json<unknown[]>(await host.send("GET", `${path}?limit=1`));
    expect(newest).toEqual({
      id: all[49],
      role: "user",
      content: expect.anything() as unknown,
      createdAt: expect.stringMatching(/Z$/) as string,
      threadId: thread.id,
    });
  });
});

describe.each(MOUNTS)("without an agent that has memory, through %s", (mount) => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost({ mount, hasMemory: false });
  });
  afterAll(() => host.close());

  test.each([
    ["POST", "/threads", { resourceId: "ann" }, ""],
    ["POST", "/threads", { resourceId: "ann", agentId: "other" }, "other"],
    ["GET", "/threads?resourceId=ann", undefined, ""],
    ["GET", "/threads?resourceId=ann&agentId=main", undefined, "main"],
    ["GET", "/threads/t", undefined, ""],
    ["PATCH", "/threads/t", {}, ""],
    ["DELETE", "/threads/t", undefined, ""],
    ["GET", "/threads/t/messages", undefined, ""],
  ] as const)("%s %s fails with the text that hosts look for", async (method, path, body, asked) => {
    const response = await host.send(method, `${P}${path}`, body === undefined ? {} : { body });
    const refused = await json<{ error: string; code: string }>(response);
    expect([response.status, refused.code]).toEqual([500, "INTERNAL_ERROR"]);
    expect(refused.error).toContain("Internal server error: No agent with memory configured found");
    expect(refused.error).toContain(asked);
  });
});
