import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { afterEach, describe, expect, test } from "vitest";
import type { Run } from "../../src/core/run.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { hosts, json, type Host } from "../io-bridge/host.ts";
import { BEGIN, replay, RUN } from "./replaying.ts";
import { ANN, question } from "./shop.ts";

const { open, close } = hosts();
afterEach(close);

const BOB = { resourceId: "bob" };
const PATH = "/io-bridge/threads";

function start(host: Host, agentId: string, threadId: string): Promise<Run> {
  return host.engine.start(BOB, { agentId, threadId, input: { messages: [question("let me in")], trigger: "submit" } });
}

describe("a thread that only the memory of an agent knows", () => {
  test.each(["main", "other"])("is its owner's alone, whichever agent another one starts: %s", async (agentId) => {
    const host = await open({ mount: "createHonoRoutes" });
    const { id } = await host.engine.createThread(ANN, { agentId: "io-agent", title: "Private" });
    await host.memory.createThread({ threadId: "older", ...ANN });
    for (const threadId of [id, "older"]) {
      await expect(start(host, agentId, threadId)).rejects.toMatchObject({ code: "THREAD_NOT_FOUND" });
      for (const [method, body] of [["GET"], ["PATCH", { title: "Mine" }], ["DELETE"]] as const) {
        const foreign = await host.send(method, `${PATH}/${threadId}`, { user: "bob", ...(body && { body }) });
        expect([method, foreign.status]).toEqual([method, 404]);
      }
      expect((await host.send("GET", `${PATH}/${threadId}`)).status).toBe(200);
    }
    expect(await json(await host.send("GET", `${PATH}/${id}`))).toMatchObject({ title: "Private" });
    expect(host.model.requests).toHaveLength(0);
  });

  test("is not another's by an agent without memory", async () => {
    const host = await open({ mount: "createHonoRoutes", agent: { memory: undefined } });
    await host.otherMemory.createThread({ threadId: "t", ...ANN });
    await expect(start(host, "io-agent", "t")).rejects.toMatchObject({ code: "THREAD_NOT_FOUND" });
    expect((await host.send("GET", `${PATH}/t`)).status).toBe(200);
  });
});

describe("a run on a thread that is another resource's by the agent's memory", () => {
  test.each([false, true])("fails, and neither reads nor writes it; readOnly: %s", async (readOnly) => {
    const storage = new LibSQLStore({ id: "memory", url: ":memory:" });
    const memory = new Memory({ storage, options: { lastMessages: 10, workingMemory: { enabled: true, scope: "thread" } } });
    const model = scriptedModel({ calls: [[say("Hi.")]] });
    const agent = new Agent({ id: "clerk", name: "clerk", instructions: "x", model, memory });
    const source = mastraSource(new Mastra({ agents: { clerk: agent }, logger: false, storage }));
    await memory.createThread({ threadId: RUN.threadId, ...BOB });
    await memory.updateWorkingMemory({ threadId: RUN.threadId, ...BOB, workingMemory: "# secret" });
    const input = readOnly ? { memoryOptions: { readOnly } } : {};
    await expect(replay(source, BEGIN, { attempt: 1, input })).rejects.toThrow("another resource");
    expect(model.requests).toHaveLength(0);
    expect((await memory.recall({ threadId: RUN.threadId, ...BOB })).messages).toEqual([]);
    await source.settle({ ...RUN, input: { ...RUN.input, ...input } }, { outcome: "aborted" }, () =>
      Promise.resolve({
        steps: [
          {
            step: 0,
            before: 1 as never,
            parts: [{ type: "text", id: "t", text: "x", isDone: true }],
            modelFinished: undefined,
            isFinished: false,
            isLast: false,
          },
        ],
        offset: 1 as never,
        usage: {},
        end: undefined,
        nested: new Map(),
      }),
    );
    expect((await memory.recall({ threadId: RUN.threadId, ...BOB })).messages).toEqual([]);
  });
});
