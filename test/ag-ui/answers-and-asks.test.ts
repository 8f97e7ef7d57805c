import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { resumableFetch } from "../../src/client/index.ts";
import type { Run } from "../../src/core/run.ts";
import {
  credentialsOf,
  framesIn,
  last,
  LOCATE,
  openAgUiDesk,
  parseFrames,
  runInput,
  SSE,
  textOf,
  type AgUiDesk,
  type WireEvent,
  type WireFrame,
} from "./desk.ts";
import { answering, stockAgent, typesInto } from "./stock-agent.ts";

const ANN = { resourceId: "ann" } as const;
const RUN = "/ag-ui/agents/porter/run";
const CONNECT = "/ag-ui/agents/porter/connect";
const tools = [LOCATE];

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

/** The runs of the thread, the oldest first. */
async function runs(): Promise<readonly Run[]> {
  return (await desk.holdfast.engine.listRuns(ANN, { threadId: "t", limit: 50 })).runs.toReversed();
}

async function statuses(): Promise<readonly string[]> {
  return (await runs()).map(({ status }) => status);
}

/** A run that waits for an approval, and the request that answers it and asks `text`. */
async function answeringAndAsking(text: string, entry: object = { status: "resolved", payload: { approved: true } }): Promise<ReturnType<typeof runInput>> {
  const asked = await framesIn(
    await desk.send(RUN, runInput("pay", { threadId: "t", messages: [{ id: "u1", role: "user", content: "pay" }] }), { headers: SSE }),
  );
  const snapshot = asked.findLast(({ event }) => event.type === "MESSAGES_SNAPSHOT")?.event as WireEvent & { readonly messages: readonly object[] };
  const { interrupts } = last(asked.map(({ event }) => event))["outcome"] as { readonly interrupts: readonly { readonly id: string }[] };
  return runInput(text, {
    threadId: "t",
    messages: [...snapshot.messages, { id: "u2", role: "user", content: text }],
    resume: interrupts.map(({ id }) => ({ interruptId: id, ...entry })),
  });
}

async function sendTo(path: string, input: object, lastEventId?: string): Promise<readonly WireFrame[]> {
  return framesIn(await desk.send(path, input, { headers: { ...SSE, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) } }));
}

const lifecycle = (frames: readonly WireFrame[]): readonly string[] =>
  frames.flatMap(({ event }) => (event.type.startsWith("RUN_") ? [`${event.type} ${String(event["runId"])}`] : []));

describe("a request that answers and asks", () => {
  it("is answered by both runs in turn, and loses neither", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "pay" });
    await agent.runAgent();
    agent.addMessage({ id: "u2", role: "user", content: "hello" });
    const types: string[] = [];
    await agent.runAgent(answering(agent), typesInto(types));
    expect(types.filter((type) => type === "RUN_STARTED" || type === "RUN_FINISHED")).toEqual(["RUN_STARTED", "RUN_FINISHED", "RUN_STARTED", "RUN_FINISHED"]);
    expect(types).toContain("TOOL_CALL_RESULT");
    const said = agent.messages.filter(({ role }) => role === "assistant").map(({ content }) => content);
    expect(said).toEqual(["One moment.", 'Told: {"paid":90}', "You said hello."]);
    expect(desk.executed).toHaveLength(1);
  });

  it("is the same when it is sent again, at once or later", async () => {
    const input = await answeringAndAsking("hello");
    const [one, other] = await Promise.all([sendTo(RUN, input), sendTo(RUN, input)]);
    expect(lifecycle(one).at(-1)).toBe(`RUN_FINISHED ${input.runId}`);
    expect(other).toEqual(one);
    expect(await sendTo(RUN, input)).toEqual(one);
    expect(await statuses()).toEqual(["suspended", "completed", "completed"]);
    expect(desk.executed).toHaveLength(1);
  });

  it("goes on behind every event, and starts nothing then", async () => {
    const input = await answeringAndAsking("hello");
    const frames = await sendTo(RUN, input);
    for (const [index, { id }] of frames.entries()) expect(await sendTo(RUN, input, id)).toEqual(frames.slice(index + 1));
    expect(await runs()).toHaveLength(3);
  });

  it("has what it asks on the disk: a page that leaves finds the answer, after a restart of the server too", async () => {
    const input = await answeringAndAsking("hello");
    const response = await desk.send(RUN, input, { headers: SSE });
    expect(response.headers.get("x-holdfast-next-run-id")).toBe((await runs()).at(-1)?.id);
    await response.body?.cancel();
    await desk.restart();
    await vi.waitFor(async () => expect(await statuses()).toEqual(["suspended", "completed", "completed"]), { timeout: 20_000 });
    const viewer = await stockAgent(desk, { threadId: "t", path: CONNECT });
    await viewer.runAgent();
    expect(viewer.messages.map(({ content }) => content)).toContain("hello");
    expect(viewer.messages.at(-1)?.content).toBe("You said hello.");
  });

  it("is whole for a client that comes back when its stream is cut between the runs", async () => {
    const input = await answeringAndAsking("hello");
    let requests = 0;
    const fetch = resumableFetch({
      baseDelayMs: 1,
      fetch: async (url, init) => {
        const response = await desk.holdfast.fetch(new Request(url, init));
        requests += 1;
        return requests > 1 ? response : cutBehind(response, "RUN_FINISHED");
      },
    });
    const response = await fetch(`http://desk.test${RUN}`, await post(input));
    const frames = parseFrames(await response.text());
    expect(lifecycle(frames).at(-1)).toBe(`RUN_FINISHED ${input.runId}`);
    expect(textOf(frames.map(({ event }) => event))).toBe('Told: {"paid":90}You said hello.');
    expect(requests).toBe(2);
  });

  it("may give up an expired question", async () => {
    await desk.close();
    desk = await openAgUiDesk({ interruptTtlMs: 0 });
    const input = await answeringAndAsking("hello", { status: "cancelled" });
    const frames = await sendTo(RUN, input);
    expect(frames.find(({ event }) => event.type === "RUN_FINISHED")?.event).toMatchObject({ outcome: { type: "cancelled" } });
    expect(textOf(frames.map(({ event }) => event))).toBe("You said hello.");
    expect(await sendTo(RUN, input, frames[0]?.id)).toEqual(frames.slice(1));
    expect(await statuses()).toEqual(["suspended", "canceled", "completed"]);
  });

  it("goes on where the run asks again, whose question stays open", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    agent.addMessage({ id: "u1", role: "user", content: "payask" });
    await agent.runAgent();
    agent.addMessage({ id: "u2", role: "user", content: "hello" });
    const asked: string[] = [];
    await agent.runAgent(answering(agent), {
      onRunFinishedEvent: ({ event }) => void asked.push(...(event.outcome?.type === "interrupt" ? event.outcome.interrupts.map(({ id }) => id) : [])),
    });
    expect(agent.messages.at(-1)?.content).toBe("You said hello.");
    expect(asked).toHaveLength(1);
    await agent.runAgent({ resume: asked.map((interruptId) => ({ interruptId, status: "resolved", payload: "berth 2" })) as never });
    expect(desk.executed).toEqual([{ euros: 5 }, { told: "berth 2" }]);
  });

  it("asks nothing that the thread was asked before, whichever agent had the last word on it", async () => {
    const agent = await stockAgent(desk, { threadId: "t" });
    for (const [id, content] of [
      ["u0", "hello"],
      ["u1", "locate"],
    ] as const) {
      agent.addMessage({ id, role: "user", content });
      await agent.runAgent({ tools });
    }
    const other = await stockAgent(desk, { threadId: "t", path: "/ag-ui/agents/forgetful/run" });
    other.addMessage({ id: "x", role: "user", content: "hello" });
    await other.runAgent();
    agent.addMessage({ id: "r1", role: "tool", toolCallId: "locate-1", content: "Oslo" });
    const types: string[] = [];
    await agent.runAgent({ tools }, typesInto(types));
    expect(types.filter((type) => type === "RUN_STARTED")).toHaveLength(1);
    expect(await runs()).toHaveLength(4);
    const kept = JSON.stringify(await desk.holdfast.engine.messages(ANN, "t"));
    for (const said of ["You said hello.", 'Told: "Oslo"']) expect(kept).toContain(JSON.stringify(said).slice(1, -1));
  });
});

describe("a cursor", () => {
  it("starts nothing, whatever comes with it", async () => {
    const input = runInput("hello", { threadId: "t" });
    const frames = await sendTo(RUN, input);
    const later = runInput("hello", { threadId: "t", messages: [...input.messages, { id: "u2", role: "user", content: "hello" }] });
    expect(await sendTo(RUN, later, frames.at(-1)?.id)).toEqual([]);
    expect(await runs()).toHaveLength(1);
  });
});

describe("a page that stops", () => {
  it.each([[undefined], ["the id of its request"]])("stops the run that it answered and what it asked, by %s", async (named) => {
    const input = await answeringAndAsking("wait");
    const response = await desk.send("/copilotkit/agent/porter/run", input, { headers: SSE });
    const stopped = await desk.send("/copilotkit/agent/porter/stop/t", named === undefined ? {} : { runId: input.runId });
    expect(await stopped.json()).toMatchObject({ stopped: true });
    await response.text();
    await vi.waitFor(async () => expect((await statuses()).at(-1)).toBe("canceled"), { timeout: 20_000 });
  });

  it("stops by aborting its request what that is about by then", async () => {
    const input = await answeringAndAsking("wait");
    const abort = new AbortController();
    const fetch = resumableFetch({ fetch: async (url, init) => desk.holdfast.fetch(new Request(url, init)) });
    const response = await fetch(`http://desk.test${RUN}`, { ...(await post(input)), signal: abort.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let seen = "";
    while (!seen.includes("Half")) seen += new TextDecoder().decode((await reader.read()).value);
    abort.abort();
    await vi.waitFor(async () => expect(await statuses()).toEqual(["suspended", "completed", "canceled"]), { timeout: 20_000 });
  });
});

async function post(input: object): Promise<RequestInit> {
  return { method: "POST", headers: { ...SSE, authorization: await credentialsOf("ann") }, body: JSON.stringify(input) };
}

/** A response whose connection ends well behind the first frame of a type. */
function cutBehind(response: Response, type: string): Response {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      const text = new TextDecoder().decode(value);
      const at = text.indexOf(`"${type}"`);
      if (at < 0) return controller.enqueue(value);
      controller.enqueue(new TextEncoder().encode(text.slice(0, text.indexOf("\n\n", at) + 2)));
      await reader.cancel();
      return controller.close();
    },
  });
  return new Response(body, { headers: response.headers });
}
