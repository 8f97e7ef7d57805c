import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventsIn, framesIn, last, openAgUiDesk, parseFrames, runInput, shownIn, SSE, type AgUiDesk, type WireFrame } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const RUN = "/ag-ui/agents/porter/run";
const CONNECT = "/ag-ui/agents/porter/connect";

/** Reads a stream until its text fits, and lets go of it. */
async function readUntil(response: Response, isEnough: (frames: readonly WireFrame[]) => boolean): Promise<readonly WireFrame[]> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parseFrames(text);
    text += decoder.decode(value, { stream: true });
    if (!isEnough(parseFrames(text))) continue;
    await reader.cancel();
    return parseFrames(text);
  }
}

describe("Last-Event-ID", () => {
  it("gives exactly the rest of the stream, from every event of it", async () => {
    const input = runInput("add");
    const whole = await framesIn(await desk.send(RUN, input, { headers: SSE }));
    expect(whole.length).toBeGreaterThan(15);
    for (const [index, { id }] of whole.entries()) {
      const rest = await framesIn(await desk.send(RUN, input, { headers: { ...SSE, "last-event-id": id ?? "" } }));
      expect(rest).toEqual(whole.slice(index + 1));
    }
    expect(desk.model.requests).toHaveLength(2);
  });

  it("is answered by the header that names the beginning, for who lost even the first event", async () => {
    const input = runInput("hello");
    const response = await desk.send(RUN, input, { headers: SSE });
    const start = response.headers.get("x-holdfast-cursor") ?? "";
    const whole = await framesIn(response);
    expect(await framesIn(await desk.send(RUN, input, { headers: { ...SSE, "last-event-id": start } }))).toEqual(whole);
  });

  it("goes on in the middle of a message that is still being written, also after a restart of the server", async () => {
    const input = runInput("add");
    const seen = await readUntil(await desk.send(RUN, input, { headers: SSE }), (frames) => frames.some(({ event }) => event.type === "TOOL_CALL_ARGS"));
    await desk.restart();
    const rest = await framesIn(await desk.send(RUN, input, { headers: { ...SSE, "last-event-id": seen.at(-1)?.id ?? "" } }));
    expect(last(rest.map(({ event }) => event))).toMatchObject({ type: "RUN_FINISHED" });
    const again = await framesIn(await desk.send(RUN, input, { headers: { ...SSE, "last-event-id": (seen[0]?.id ?? "").replace(/:.*/, ":0") } }));
    expect([...seen, ...rest]).toEqual(again);
  });

  it("that this server never gave out is refused, and starts no run", async () => {
    const input = runInput("hello");
    for (const [id, status] of [
      ["nonsense", 400],
      ["run_0:5.1", 404],
    ] as const) {
      expect((await desk.send(RUN, input, { headers: { ...SSE, "last-event-id": id } })).status).toBe(status);
    }
    expect(desk.model.requests).toHaveLength(0);
  });

  it("of somebody else's run is like one of no run, and one of another thread is refused", async () => {
    const input = runInput("hello");
    const [first] = await framesIn(await desk.send(RUN, input, { headers: SSE }));
    const headers = { ...SSE, "last-event-id": first?.id ?? "" };
    expect((await desk.send(RUN, input, { as: "bob", headers })).status).toBe(404);
    expect((await desk.send(RUN, { ...input, threadId: "another" }, { headers })).status).toBe(400);
  });
});

describe("connect", () => {
  it("shows a viewer that comes late what there is, then what follows, under the run's own id", async () => {
    const input = runInput("wait");
    const streaming = await desk.send(RUN, input, { headers: SSE });
    const other = runInput("-", { threadId: input.threadId, messages: [] });
    const viewing = await desk.send(CONNECT, other, { headers: SSE });
    const seen: WireFrame[] = [];
    const viewed = (async () => {
      seen.push(...(await framesIn(viewing)));
    })();
    await vi.waitFor(async () => expect((await (await desk.send(`/v1/threads/${input.threadId}`)).json()) as object).toMatchObject({ id: input.threadId }));
    desk.release();
    const whole = await eventsIn(streaming);
    await viewed;
    const events = seen.map(({ event }) => event);
    expect(events.slice(0, 3).map(({ type }) => type)).toEqual(["RUN_STARTED", "MESSAGES_SNAPSHOT", "STATE_SNAPSHOT"]);
    expect(events[0]).toMatchObject({ runId: input.runId, threadId: input.threadId });
    expect(events[1]?.["messages"]).toEqual(expect.arrayContaining([expect.objectContaining({ role: "user", content: "wait" })]));
    expect(last(events)).toEqual(last(whole));
    expect(shownIn(events)).toBe("Half of it. And the rest.");
  });

  it("can be cut at every event, in the prelude too, and goes on there", async () => {
    const input = runInput("add");
    await (await desk.send(RUN, input, { headers: SSE })).text();
    const viewer = runInput("-", { threadId: input.threadId, messages: [] });
    const whole = await framesIn(await desk.send(CONNECT, viewer, { headers: SSE }));
    expect(last(whole.map(({ event }) => event)).type).toBe("RUN_FINISHED");
    for (const [index, { id }] of whole.entries()) {
      const rest = await framesIn(await desk.send(CONNECT, viewer, { headers: { ...SSE, "last-event-id": id ?? "" } }));
      expect(rest).toEqual(whole.slice(index + 1));
    }
  });

  it("does not know a thread that is not there, or is somebody else's", async () => {
    const input = runInput("hello");
    await (await desk.send(RUN, input, { headers: SSE })).text();
    expect((await desk.send(CONNECT, runInput("-", { messages: [] }), { headers: SSE })).status).toBe(404);
    expect((await desk.send(CONNECT, runInput("-", { threadId: input.threadId, messages: [] }), { as: "bob", headers: SSE })).status).toBe(404);
  });

  it("shows a follower the next run of the thread begin, with its question", async () => {
    const first = runInput("one");
    await (await desk.send(RUN, first, { headers: SSE })).text();
    const viewer = await desk.send(`${CONNECT}?follow=true`, runInput("-", { threadId: first.threadId, messages: [] }), { headers: SSE });
    const second = runInput("two", { threadId: first.threadId });
    const seeing = readUntil(viewer, (frames) => frames.filter(({ event }) => event.type === "RUN_FINISHED").length === 2);
    await (await desk.send(RUN, second, { headers: SSE })).text();
    const events = (await seeing).map(({ event }) => event);
    expect(events.filter(({ type }) => type === "RUN_STARTED").map(({ runId }) => runId)).toEqual([first.runId, second.runId]);
    const snapshot = JSON.stringify(events.findLast(({ type }) => type === "MESSAGES_SNAPSHOT"));
    expect(snapshot).toContain("You said one.");
    expect(snapshot).toContain('"two"');
  });
});
