import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { RequestContext } from "@mastra/core/request-context";
import { InMemoryStore } from "@mastra/core/storage";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ThreadDirectory, ThreadRecord } from "../../src/core/agent-source.ts";
import { mastraThreads } from "../../src/mastra/threads.ts";
import { say, scriptedModel } from "../../src/testkit/scripted-model.ts";

let folder: string;
let storage: LibSQLStore;
let memory: Memory;
let threads: ThreadDirectory;
let threadsOf: (owner: string) => ThreadDirectory;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-kept-"));
  storage = new LibSQLStore({ id: "threads", url: `file:${join(folder, "memory.db")}` });
  memory = new Memory({ storage, options: { lastMessages: 3 } });
  const model = scriptedModel({ calls: [[say("Hi.")]] });
  const clerk = new Agent({ id: "clerk", name: "clerk", instructions: "Work.", model, memory });
  const stranger = new Agent({ id: "stranger", name: "stranger", instructions: "Forget.", model });
  const mastra = new Mastra({ logger: false, agents: { clerk, stranger }, storage });
  threadsOf = (owner) => mastraThreads(mastra, new RequestContext(), owner);
  threads = threadsOf("ann");
});
afterEach(async () => {
  await storage.close();
  await rm(folder, { recursive: true, force: true });
});

function create(id: string, more: object = {}): Promise<ThreadRecord | undefined> {
  return threads.create("clerk", { id, resourceId: "ann", ...more });
}

describe("a thread that is made", () => {
  test("has what it was made with, and nothing that Mastra keeps for itself", async () => {
    const made = await create("t", { title: "Fruit", metadata: { color: "red", none: null, workingMemory: "planted" } });
    const times = { createdAt: expect.any(Number) as number, updatedAt: expect.any(Number) as number };
    expect(made).toEqual({ id: "t", resourceId: "ann", title: "Fruit", metadata: { color: "red", none: null }, ...times });
    expect(await threads.get("clerk", "t")).toEqual(made);
    expect((await memory.getThreadById({ threadId: "t" }))?.metadata).toEqual({ color: "red", none: null });
    expect(await threads.storedMessages("clerk", "t", {})).toEqual([]);
  });

  test("may have neither title nor metadata", async () => {
    const made = await create("t");
    expect(Object.keys(made ?? {}).toSorted()).toEqual(["createdAt", "id", "resourceId", "updatedAt"]);
  });

  test("is made by no agent without memory, which lists none either", async () => {
    expect(await threads.create("stranger", { id: "t", resourceId: "ann" })).toBeUndefined();
    expect(await threads.list("stranger", "ann")).toEqual([]);
    expect(await threads.storedMessages("stranger", "t", {})).toEqual([]);
  });
});

test("all threads of a resource are listed, newest first, and no others", async () => {
  const createdAt = Date.now() - 1_000_000;
  for (let index = 0; index < 130; index += 1) {
    const at = new Date(createdAt + index * 1_000);
    await memory.saveThread({ thread: { id: `t${index}`, resourceId: "ann", title: "", createdAt: at, updatedAt: at } });
  }
  await threads.create("clerk", { id: "other", resourceId: "bob" });
  const listed = await threads.list("clerk", "ann");
  expect(listed.map(({ id }) => id)).toEqual(Array.from({ length: 130 }, (_, index) => `t${129 - index}`));
  expect((await threads.list("clerk", "bob")).map(({ id }) => id)).toEqual(["other"]);
});

describe("a change of metadata", () => {
  test("keeps what it does not name, on the top level only, and stores null as a value", async () => {
    await create("t", { metadata: { color: "red", size: { width: 1, height: 2 }, label: "x" } });
    const changed = await threads.update("clerk", "t", { metadata: { size: { width: 3 }, label: null } });
    expect(changed).toMatchObject({ metadata: { color: "red", size: { width: 3 }, label: null } });
    expect((await threads.get("clerk", "t"))?.metadata).toEqual({ color: "red", size: { width: 3 }, label: null });
  });

  test("that changes nothing leaves the thread as it is", async () => {
    const made = await create("t", { title: "Fruit" });
    expect(await threads.update("clerk", "t", {})).toEqual(made);
  });

  test("is not lost to others that are made at once, and the last of one field wins", async () => {
    await create("t");
    const changes = Array.from({ length: 12 }, (_, index) => threads.update("clerk", "t", { metadata: { [`field${index}`]: index, last: index } }));
    await Promise.all(changes);
    const fields = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`field${index}`, index]));
    expect((await threads.get("clerk", "t"))?.metadata).toEqual({ ...fields, last: 11 });
  });

  test("leaves the working memory alone that an agent writes at the same time", async () => {
    await create("t");
    await memory.updateThread({ id: "t", metadata: { workingMemory: "old" } });
    const patched = memory.updateThread.bind(memory);
    // Between what a change reads and what it writes.
    Object.assign(memory, {
      updateThread: async (given: Parameters<typeof patched>[0]) => {
        await patched({ id: "t", metadata: { workingMemory: "new" } });
        return patched(given);
      },
    });
    expect(await threads.update("clerk", "t", { metadata: { n: 1 } })).toMatchObject({ metadata: { n: 1 } });
    expect((await memory.getThreadById({ threadId: "t" }))?.metadata).toEqual({ workingMemory: "new", n: 1 });
  });

  test("beside a deletion does not bring the thread back", async () => {
    for (let round = 0; round < 10; round += 1) {
      await create("t", { metadata: { round } });
      const update = (): Promise<unknown> => threads.update("clerk", "t", { title: "again", metadata: { late: true } });
      await Promise.all([update(), threads.delete("clerk", "t"), update()]);
      expect(await threads.get("clerk", "t")).toBeUndefined();
      expect(await threads.list("clerk", "ann")).toEqual([]);
    }
  });

  test("is made only if the thread has not changed since, where that is asked for", async () => {
    const made = await create("t", { metadata: { n: 0 } });
    const ifUpdatedAt = made?.updatedAt ?? 0;
    const changed = await threads.update("clerk", "t", { metadata: { n: 1 }, ifUpdatedAt });
    expect(changed).toMatchObject({ metadata: { n: 1 } });
    expect(await threads.update("clerk", "t", { metadata: { n: 2 }, ifUpdatedAt })).toBe("stale");
    expect((await threads.get("clerk", "t"))?.metadata).toEqual({ n: 1 });
    const [one, other] = await Promise.all(
      [3, 4].map((n) => threads.update("clerk", "t", { metadata: { n }, ifUpdatedAt: (changed as ThreadRecord).updatedAt })),
    );
    expect(one).toMatchObject({ metadata: { n: 3 } });
    expect(other).toBe("stale");
    expect(await threads.update("clerk", "gone", { title: "x", ifUpdatedAt })).toBeUndefined();
  });
});

test("of two changes of one thread that are made at once only if it has not changed, one is stale", async () => {
  const fast = new InMemoryStore();
  const quick = new Agent({ id: "quick", name: "quick", instructions: "x", model: scriptedModel({ calls: [] }), memory: new Memory({ storage: fast }) });
  const directory = mastraThreads(new Mastra({ logger: false, agents: { quick }, storage: fast }), new RequestContext(), "ann");
  const made = await directory.create("quick", { id: "t", resourceId: "ann" });
  let ifUpdatedAt = made?.updatedAt ?? 0;
  for (let round = 0; round < 20; round += 1) {
    const given = { metadata: { round }, ifUpdatedAt };
    const results = await Promise.all([directory.update("quick", "t", given), directory.update("quick", "t", given)]);
    expect(results[1]).toBe("stale");
    expect(results[0]).toMatchObject({ metadata: { round } });
    ifUpdatedAt = (results[0] as ThreadRecord).updatedAt;
  }
});

describe("a thread that is looked for", () => {
  const model = scriptedModel({ calls: [] });
  const find = async (agents: Record<string, Agent>, failed: string[] = []): Promise<unknown> =>
    mastraThreads(new Mastra({ logger: false, agents, storage }), new RequestContext(), "bob", (agentId) => void failed.push(agentId)).find("t");
  const agentOf = (id: string, kept: () => Memory): Agent => new Agent({ id, name: id, instructions: "x", model, memory: () => kept() });

  test("is asked for once in one storage, however many agents share it", async () => {
    await create("t");
    const memories = Array.from({ length: 6 }, () => new Memory({ storage }));
    const lookups = memories.map((one) => vi.spyOn(one, "getThreadById"));
    const found = await find(Object.fromEntries(memories.map((one, index) => [`a${index}`, agentOf(`a${index}`, () => one)])));
    expect(found).toMatchObject({ agentId: "a0", thread: { id: "t", resourceId: "ann" } });
    expect(lookups.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBe(1);
  });

  test("is found where the memory of another agent cannot be had, which is told", async () => {
    await create("t");
    const needy = agentOf("needy", () => {
      throw new Error("no tenant");
    });
    const failed: string[] = [];
    expect(await find({ needy, clerk: agentOf("clerk", () => memory) }, failed)).toMatchObject({ agentId: "clerk" });
    expect(failed).toEqual(["needy"]);
  });
});

describe("the stored messages of a thread", () => {
  const at = Date.now() - 1_000_000;
  const stored = Array.from({ length: 55 }, (_, index) => ({
    id: `m${index}`,
    role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
    createdAt: new Date(at + index * 1_000),
    threadId: "t",
    resourceId: "ann",
    content: { format: 2 as const, parts: [{ type: "text" as const, text: `${index}` }] },
  }));

  beforeEach(async () => {
    await create("t");
    await memory.saveMessages({ messages: stored });
  });

  test("are what Mastra stores, the last 40 of them where nobody says how many", async () => {
    const messages = await threads.storedMessages("clerk", "t", {});
    expect(messages).toHaveLength(40);
    expect(messages[0]).toEqual({
      id: "m15",
      role: "assistant",
      threadId: "t",
      createdAt: at + 15_000,
      content: { format: 2, parts: [{ type: "text", text: "15" }] },
    });
    expect(messages.map(({ id }) => id)).toEqual(stored.slice(15).map(({ id }) => id));
  });

  test("come in the pages that Mastra gives", async () => {
    const ids = async (page: { readonly page?: number; readonly perPage?: number }): Promise<readonly string[]> =>
      (await threads.storedMessages("clerk", "t", page)).map(({ id }) => id);
    const idsFrom = (from: number, to: number): readonly string[] => stored.slice(from, to).map(({ id }) => id);
    expect(await ids({ page: 1 })).toEqual(idsFrom(0, 15));
    expect(await ids({ perPage: 10 })).toEqual(idsFrom(45, 55));
    expect(await ids({ page: 2, perPage: 10 })).toEqual(idsFrom(25, 35));
    expect(await ids({ page: 9, perPage: 10 })).toEqual([]);
  });
});

describe("the thread of another resource", () => {
  const NOTE = { id: "m", role: "user", threadId: "t", resourceId: "ann", createdAt: new Date(0) } as const;

  beforeEach(async () => {
    await create("t", { title: "Private" });
    await memory.saveMessages({ messages: [{ ...NOTE, content: { format: 2, parts: [{ type: "text", text: "secret" }] } }] });
  });

  test("is not there, cannot be changed, and stays", async () => {
    const bobs = threadsOf("bob");
    expect(await bobs.get("clerk", "t")).toBeUndefined();
    expect(await bobs.messages("clerk", "t", "bob")).toEqual([]);
    expect(await bobs.messages("clerk", "t", "ann")).toEqual([]);
    expect(await bobs.storedMessages("clerk", "t", {})).toEqual([]);
    expect(await bobs.update("clerk", "t", { title: "Mine" })).toBeUndefined();
    await bobs.delete("clerk", "t");
    expect(await threads.get("clerk", "t")).toMatchObject({ title: "Private", resourceId: "ann" });
    expect(await threads.storedMessages("clerk", "t", {})).toMatchObject([{ id: "m" }]);
  });

  test("is found by those who ask whose it is, in the memory of whichever agent", async () => {
    expect(await threadsOf("bob").find("t")).toMatchObject({ agentId: "clerk", thread: { id: "t", resourceId: "ann" } });
    expect(await threadsOf("bob").find("none")).toBeUndefined();
  });
});
