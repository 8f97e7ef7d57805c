import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RequestContext } from "@mastra/core/request-context";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { createTool } from "@mastra/core/tools";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { ThreadDirectory } from "../../src/core/agent-source.ts";
import { mastraThreads } from "../../src/mastra/threads.ts";
import { attach, call, cite, citeDocument, say, scriptedModel, think, type Script } from "../../src/testkit/scripted-model.ts";

const add = createTool({
  id: "add",
  description: "adds",
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => Promise.resolve({ sum: a + b }),
});
const explode = createTool({
  id: "explode",
  description: "fails",
  inputSchema: z.object({}),
  execute: () => Promise.reject(new Error("no fuse in /srv/fuse.ts\nmore")),
});
const note = createTool({
  id: "note",
  description: "writes a part",
  inputSchema: z.object({}),
  execute: async (_input, { writer }) => {
    await writer?.custom({ type: "data-note", data: { seen: true } });
    return null;
  },
});
const pay = createTool({ id: "pay", description: "pays", inputSchema: z.object({}), requireApproval: true, execute: () => Promise.resolve({ paid: true }) });

let folder: string;
let storage: LibSQLStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-threads-"));
  storage = new LibSQLStore({ id: "threads", url: `file:${join(folder, "memory.db")}` });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Desk {
  readonly threads: ThreadDirectory;
  readonly memory: Memory;
  say(message: string | object, options?: object): Promise<void>;
}

function desk(calls: Script): Desk {
  const memory = new Memory({ storage });
  const tools = { add, explode, note, pay };
  const clerk = new Agent({ id: "clerk", name: "clerk", instructions: "Work.", model: scriptedModel({ calls }), memory, tools });
  const stranger = new Agent({ id: "stranger", name: "stranger", instructions: "Forget.", model: scriptedModel({ calls: [[say("Hi.")]] }) });
  const mastra = new Mastra({ logger: false, agents: { first: clerk, stranger }, storage });
  const agent = mastra.getAgent("first") as unknown as {
    stream(messages: unknown, options: object): Promise<{ readonly fullStream: ReadableStream<unknown> }>;
  };
  return {
    threads: mastraThreads(mastra, new RequestContext(), "u1"),
    memory,
    async say(message, options = {}) {
      const output = await agent.stream(message, { memory: { thread: "t1", resource: "u1" }, savePerStep: true, eagerToolExecution: false, ...options });
      const reader = output.fullStream.getReader();
      while (!(await reader.read()).done);
    },
  };
}

test("an agent has memory or has none, under its id and under its key", async () => {
  const { threads } = desk([[say("Hi.")]]);
  expect(await threads.hasMemory("clerk")).toBe(true);
  expect(await threads.hasMemory("first")).toBe(true);
  expect(await threads.hasMemory("stranger")).toBe(false);
  await expect(threads.hasMemory("nobody")).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
});

test("an agent without memory keeps no thread", async () => {
  const { threads } = desk([[say("Hi.")]]);
  expect(await threads.get("stranger", "t1")).toBeUndefined();
  expect(await threads.update("stranger", "t1", { title: "T" })).toBeUndefined();
  expect(await threads.messages("stranger", "t1", "u1")).toEqual([]);
  await threads.delete("stranger", "t1");
});

test("a thread is read, renamed and deleted", async () => {
  const { threads, say: ask } = desk([[say("Hi.")]]);
  expect(await threads.get("clerk", "t1")).toBeUndefined();
  expect(await threads.update("clerk", "t1", { title: "T" })).toBeUndefined();
  await threads.delete("clerk", "t1");

  await ask("Hello.");
  const made = await threads.get("clerk", "t1");
  expect(made).toEqual({ id: "t1", resourceId: "u1", createdAt: expect.any(Number) as number, updatedAt: expect.any(Number) as number });
  expect(await threads.update("clerk", "t1", { title: "Greetings" })).toMatchObject({ title: "Greetings" });
  expect(await threads.update("clerk", "t1", { metadata: { color: "red" } })).toMatchObject({ title: "Greetings", metadata: { color: "red" } });
  expect(await threads.get("clerk", "t1")).toMatchObject({ title: "Greetings", metadata: { color: "red" }, createdAt: made?.createdAt });

  await threads.delete("clerk", "t1");
  expect(await threads.get("clerk", "t1")).toBeUndefined();
  expect(await threads.messages("clerk", "t1", "u1")).toEqual([]);
});

test("what Mastra keeps in a thread's metadata is neither shown nor written", async () => {
  const { threads, memory, say: ask } = desk([[say("Hi.")]]);
  await ask("Hello.");
  await memory.updateThread({ id: "t1", metadata: { workingMemory: "secret", mastra: { om: 1 }, mine: 1 } });
  expect((await threads.get("clerk", "t1"))?.metadata).toEqual({ mine: 1 });
  await threads.update("clerk", "t1", { metadata: { workingMemory: "planted", mine: 2 } });
  expect((await memory.getThreadById({ threadId: "t1" }))?.metadata).toMatchObject({ workingMemory: "secret", mine: 2 });
});

test("the messages of a thread are UI messages, with the steps of an answer marked", async () => {
  const calls = [
    [think("Hm.", { signature: "sig" }), say("I work."), call("add", { a: 1, b: 2 }), call("note"), call("explode"), call("add", { a: "x", b: 1 })],
    [cite("https://x.y", "X"), citeDocument("d", "text/plain", "D"), attach("image/png", new Uint8Array([1, 2])), say("Done.")],
  ];
  const { threads, say: ask } = desk(calls);
  const image = { type: "file", mediaType: "image/png", url: "data:image/png;base64,AQID" };
  await ask([{ id: "q1", role: "user", parts: [{ type: "text", text: "Work." }, image], metadata: { provider: "mine" } }]);
  const common = { toolCallId: "call_1", input: { a: 1, b: 2 } };
  expect(await threads.messages("clerk", "t1", "u1")).toEqual([
    { id: "q1", role: "user", parts: [{ type: "text", text: "Work." }, image], metadata: { provider: "mine" } },
    {
      id: expect.any(String) as string,
      role: "assistant",
      parts: [
        { type: "step-start" },
        { type: "reasoning", text: "Hm.", state: "done", providerMetadata: { scripted: { signature: "sig" } } },
        { type: "text", text: "I work.", state: "done" },
        { type: "tool-add", ...common, state: "output-available", output: { sum: 3 } },
        { type: "tool-note", toolCallId: "call_2", input: {}, state: "output-available", output: null },
        { type: "tool-explode", toolCallId: "call_3", input: {}, state: "output-error", errorText: "no fuse in …" },
        {
          type: "tool-add",
          toolCallId: "call_4",
          input: { a: "x", b: 1 },
          state: "output-error",
          errorText: expect.stringContaining("validation failed for add") as string,
        },
        { type: "data-note", data: { seen: true } },
        { type: "step-start" },
        { type: "source-url", sourceId: "https://x.y", url: "https://x.y", title: "X" },
        { type: "source-document", sourceId: "d", mediaType: "application/octet-stream", title: "D" },
        { type: "file", mediaType: "image/png", url: "data:image/png;base64,AQI=" },
        { type: "text", text: "Done.", state: "done" },
      ],
    },
  ]);
});

test("a structured answer shows its object", async () => {
  const { threads, say: ask } = desk([[say('{"n": 5}')]]);
  await ask("How many?", { structuredOutput: { schema: z.object({ n: z.number() }) } });
  expect((await threads.messages("clerk", "t1", "u1"))[1]).toMatchObject({
    parts: [{ type: "step-start" }, { type: "text" }, { type: "data-object", id: "object", data: { n: 5 } }],
  });
});

test("a call that waits for an answer is a call, and shows nothing that Mastra notes about it", async () => {
  const { threads, say: ask } = desk([[call("pay")]]);
  await ask("Pay.");
  const answer = (await threads.messages("clerk", "t1", "u1"))[1];
  expect(answer).toEqual({
    id: expect.any(String) as string,
    role: "assistant",
    parts: [{ type: "step-start" }, { type: "tool-pay", toolCallId: "call_1", input: {}, state: "input-available" }],
  });
});

test("all messages of a long thread come, oldest first", async () => {
  const { threads, memory, say: ask } = desk([[say("Hi.")]]);
  await ask("Hello.");
  const later = Date.now() + 1_000;
  const messages = Array.from({ length: 130 }, (_, index) => ({
    id: `m${index}`,
    role: "user" as const,
    createdAt: new Date(later + index),
    threadId: "t1",
    resourceId: "u1",
    content: { format: 2 as const, parts: [{ type: "text" as const, text: `${index}` }] },
  }));
  await memory.saveMessages({ messages });
  const read = await threads.messages("clerk", "t1", "u1");
  expect(read).toHaveLength(132);
  expect(read.slice(2).map((message) => message["id"])).toEqual(messages.map(({ id }) => id));
});

test("nobody reads the thread of another resource", async () => {
  const { threads, say: ask } = desk([[say("Hi.")]]);
  await ask("Hello.");
  expect(await threads.messages("clerk", "t1", "u2")).toEqual([]);
});
