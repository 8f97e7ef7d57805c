import { describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import { DONE_FRAME } from "../../src/protocols/ai-sdk/chunk.ts";
import { FINISH_FRAMES } from "../../src/protocols/ai-sdk/replay-source.ts";
import { bodyOf, ENDING, framesOf, opening, serverOf, StreamReader, wholeOf } from "./ai-sdk-fixture.ts";
import { FakeEngine } from "./fake-engine.ts";

const TAIL = "x-workflow-stream-tail-index";

function all(runId: string): readonly RunEvent[] {
  return [...opening(runId), ...ENDING];
}

function rest(runId: string, fromChunk: number): string {
  return framesOf(runId, all(runId)).slice(fromChunk).join("") + DONE_FRAME;
}

async function get(server: ReturnType<typeof serverOf>, path: string, user = "ada"): Promise<Response> {
  return server.request(`/api/chat/${path}`, { headers: { "x-user": user } });
}

describe("a DefaultChatTransport that resumes", () => {
  it.each(["chat-1", "run_1"])("by %s gets the active run from its first chunk", async (id) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const response = await get(serverOf(engine), `${id}/stream`);
    expect(response.headers.get(TAIL)).toBe("4");
    engine.push("run_1", ...ENDING);
    expect(await bodyOf(response)).toEqual({ text: wholeOf("run_1", all("run_1")), end: "complete" });
  });

  it.each(["chat-1", "run_1"])("by %s is told that there is nothing once the run has ended", async (id) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...all("run_1"));
    const response = await get(serverOf(engine), `${id}/stream`);
    expect(response.status).toBe(204);
    expect(response.body).toBeNull();
  });

  it("sees a reset, not an end, when the server closes", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const reader = new StreamReader(await get(serverOf(engine), "chat-1/stream"));
    await reader.readUntil("two");
    engine.close();
    await reader.readUntil(undefined);
    expect(reader.end).toBe("reset");
  });
});

describe("a WorkflowChatTransport that reconnects", () => {
  it("by run id goes on at its index, while the run lives and after it ended", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const server = serverOf(engine);
    const live = await get(server, "run_1/stream?startIndex=3");
    engine.push("run_1", ...ENDING);
    expect((await bodyOf(live)).text).toBe(rest("run_1", 3));
    const ended = await get(server, "run_1/stream?startIndex=3");
    expect(ended.headers.get(TAIL)).toBe("8");
    expect((await bodyOf(ended)).text).toBe(rest("run_1", 3));
    expect((await bodyOf(await get(server, "run_1/stream?startIndex=0"))).text).toBe(wholeOf("run_1", all("run_1")));
  });

  it("with a negative index goes on where the tail header says", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const server = serverOf(engine);
    for (const [startIndex, first] of [
      [-2, 3],
      [-5, 0],
      [-99, 0],
    ] as const) {
      const response = await get(server, `run_1/stream?startIndex=${startIndex}`);
      const tail = Number(response.headers.get(TAIL));
      expect(Math.max(0, tail + 1 + startIndex)).toBe(first);
      const reader = new StreamReader(response);
      expect(await reader.readUntil("two")).toBe(framesOf("run_1", opening("run_1")).slice(first).join(""));
      await reader.cancel();
    }
  });

  it("beyond the end of a live run waits, and gets what comes there", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const response = await get(serverOf(engine), "run_1/stream?startIndex=7");
    engine.push("run_1", ...ENDING);
    expect((await bodyOf(response)).text).toBe(rest("run_1", 7));
  });

  it.each([9, 12])("at index %i of an ended run with nine chunks gets a finish, so that it stops asking", async (index) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...all("run_1"));
    const server = serverOf(engine);
    for (const id of ["run_1", "chat-1"]) {
      const response = await get(server, `${id}/stream?startIndex=${index}`);
      expect(response.status).toBe(200);
      expect(await bodyOf(response)).toEqual({ text: FINISH_FRAMES, end: "complete" });
    }
  });

  it("beyond a run that then ends short gets a finish", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const response = await get(serverOf(engine), "run_1/stream?startIndex=50");
    engine.push("run_1", ...ENDING);
    expect((await bodyOf(response)).text).toBe(FINISH_FRAMES);
  });

  it.each([0, -3])("by chat id from index %i gets only a finish when nothing is active", async (index) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...all("run_1"));
    const response = await get(serverOf(engine), `chat-1/stream?startIndex=${index}`);
    expect(response.status).toBe(200);
    expect(response.headers.get(TAIL)).toBe("-1");
    expect((await bodyOf(response)).text).toBe(FINISH_FRAMES);
  });

  it("sees a clean end without a finish when the server closes", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const reader = new StreamReader(await get(serverOf(engine), "chat-1/stream?startIndex=0"));
    await reader.readUntil("two");
    engine.close();
    expect(await reader.readUntil(undefined)).not.toContain("finish");
    expect(reader.end).toBe("complete");
  });

  it.each(["run_1/stream?a=1?startIndex=3", "run_1/stream?startIndex=0&a=1?startIndex=3"])("glues its index onto a query, %s", async (path) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...all("run_1"));
    expect((await bodyOf(await get(serverOf(engine), path))).text).toBe(rest("run_1", 3));
  });

  it.each(["", "x", "1.5", "1e3", "--1", "99999999999999999999"])("with the index %j is refused", async (index) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...all("run_1"));
    expect((await get(serverOf(engine), `run_1/stream?startIndex=${index}`)).status).toBe(400);
  });
});

describe("a stream by chat id that was cut", () => {
  /** A client is cut from run_1 after its fifth chunk; run_1 ends, and run_2 starts. */
  async function cut(engine: FakeEngine, server: ReturnType<typeof serverOf>): Promise<void> {
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const reader = new StreamReader(await get(server, "chat-1/stream?startIndex=0"));
    await reader.readUntil("two");
    await reader.cancel();
    engine.push("run_1", ...ENDING);
    engine.addRun({ id: "run_2" }, ...opening("run_2"));
  }

  it.each([3, 5])("at chunk %i goes on with the run it came from, although the chat has another one by now", async (index) => {
    const engine = new FakeEngine();
    const server = serverOf(engine);
    await cut(engine, server);
    const response = await get(server, `chat-1/stream?startIndex=${index}`);
    expect(response.headers.get("x-workflow-run-id")).toBe("run_1");
    expect(response.headers.get(TAIL)).toBe("8");
    expect((await bodyOf(response)).text).toBe(rest("run_1", index));
  });

  it("is somebody else's neither by chat nor by run", async () => {
    const engine = new FakeEngine();
    const server = serverOf(engine);
    await cut(engine, server);
    for (const id of ["chat-1", "run_1", "run_2"]) {
      for (const query of ["", "?startIndex=0", "?startIndex=3"]) expect((await get(server, `${id}/stream${query}`, "eve")).status).toBe(404);
    }
  });

  it("goes on with the active run once the stream of the first was sent to its end", async () => {
    const engine = new FakeEngine();
    const server = serverOf(engine);
    await cut(engine, server);
    await bodyOf(await get(server, "chat-1/stream?startIndex=5"));
    const response = await get(server, "chat-1/stream?startIndex=2");
    expect(response.headers.get("x-workflow-run-id")).toBe("run_2");
    await response.body?.cancel();
  });

  it("goes on by chat id after a restart with the newest run that is as long as what the client has", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...all("run_1"));
    engine.addRun({ id: "run_2" }, ...opening("run_2").slice(0, 3));
    const response = await get(serverOf(engine), "chat-1/stream?startIndex=5");
    expect(response.headers.get("x-workflow-run-id")).toBe("run_1");
    expect((await bodyOf(response)).text).toBe(rest("run_1", 5));
  });

  it("waits after a restart for what the client does not have of the active run", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const response = await get(serverOf(engine), "chat-1/stream?startIndex=5");
    engine.push("run_1", ...ENDING);
    expect((await bodyOf(response)).text).toBe(rest("run_1", 5));
  });
});

describe("an id", () => {
  it("that is nobody's is not found", async () => {
    const server = serverOf(new FakeEngine());
    for (const id of ["nothing", "run_9"]) {
      for (const query of ["", "?startIndex=0", "?startIndex=4"]) expect((await get(server, `${id}/stream${query}`)).status).toBe(404);
    }
  });

  it.each(["a/b", "50%", "что?", "run_like a run"])("of a chat may be %j", async (chatId) => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1", threadId: chatId }, ...opening("run_1", chatId));
    const response = await get(serverOf(engine), `${encodeURIComponent(chatId)}/stream`);
    expect(response.headers.get("x-workflow-run-id")).toBe("run_1");
    await response.body?.cancel();
  });

  it("with a slash may come as it is, as older clients send it", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1", threadId: "a/b" }, ...opening("run_1", "a/b"));
    const response = await get(serverOf(engine), "a/b/stream");
    expect(response.headers.get("x-workflow-run-id")).toBe("run_1");
    await response.body?.cancel();
  });
});

describe("five hundred readers", () => {
  it("that join anywhere while a run is written all end with the same bytes, and leave nothing behind", async () => {
    const engine = new FakeEngine();
    engine.addRun({ id: "run_1" }, ...opening("run_1"));
    const server = serverOf(engine);
    const readers: Promise<string>[] = [];
    const join = async (index: number): Promise<string> => (await bodyOf(await get(server, `run_1/stream?startIndex=${index}`))).text;
    for (let word = 0; word < 50; word += 1) {
      for (let count = 0; count < 10; count += 1) readers.push(join(word));
      engine.push("run_1", { type: "text-delta", id: "t", text: `${word} ` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    engine.push("run_1", ...ENDING);
    const events = [...opening("run_1"), ...Array.from({ length: 50 }, (_, word): RunEvent => ({ type: "text-delta", id: "t", text: `${word} ` })), ...ENDING];
    const frames = framesOf("run_1", events);
    for (const [index, text] of (await Promise.all(readers)).entries()) {
      expect(text).toBe(frames.slice(Math.floor(index / 10)).join("") + DONE_FRAME);
    }
    await vi.waitFor(() => expect(engine.openTails).toBe(0));
  });
});
