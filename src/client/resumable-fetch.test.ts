import { describe, expect, onTestFinished, test } from "vitest";
import { EventServer, type StreamAnswer } from "../testkit/event-server.ts";
import { resumableFetch, type ResumableFetchOptions } from "./resumable-fetch.ts";
import type { Retry } from "./resilient-fetch.ts";

const STARTED = '{"type":"RUN_STARTED","threadId":"t","runId":"r"}';
const FINISHED = '{"type":"RUN_FINISHED","threadId":"t","runId":"r"}';
const WORDS = ["Zürich", "東京", "👩‍🚀", 'RUN_FINISHED","runId":"r"'].map((delta) => JSON.stringify({ type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta }));
const EVENTS = [STARTED, ...WORDS, FINISHED];

interface Read {
  readonly server: EventServer;
  readonly response: Response;
  readonly retries: readonly Retry[];
}

/** Sends one request to a server that answers so, without waiting between tries. */
async function ask(answers: readonly (StreamAnswer | undefined)[], options: ResumableFetchOptions = {}, events: readonly string[] = EVENTS): Promise<Read> {
  const server = await EventServer.open({ events, answer: (index) => answers[Math.min(index, answers.length - 1)] });
  onTestFinished(() => server.close());
  const retries: Retry[] = [];
  const fetch = resumableFetch({ jitter: () => 0, onRetry: (retry) => void retries.push(retry), ...options });
  const response = await fetch(`${server.url}/ag-ui/agents/a/run`, { method: "POST", headers: { authorization: "Bearer t" }, body: '{"runId":"r"}' });
  return { server, response, retries };
}

/** The data of all frames. */
async function dataOf(response: Response): Promise<readonly string[]> {
  return (await response.text()).split("\n\n").flatMap((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? []);
}

/** A fetch whose answers have one more header. */
function withHeader(name: string, value: string): typeof globalThis.fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    const headers = new Headers(answer.headers);
    headers.set(name, value);
    return new Response(answer.body, { status: answer.status, headers });
  };
}

function errorOf(data: string | undefined): unknown {
  return JSON.parse(data ?? "null");
}

const cursorsOf = (server: EventServer): readonly unknown[] => server.streamRequests.map(({ headers }) => headers["last-event-id"]);
const cutAt = Array.from({ length: EVENTS.length }, (_, index) => index);

describe("a stream that breaks off", () => {
  test.each(["end", "reset"] as const)("by a %s after any frame goes on behind it", async (ends) => {
    for (const after of cutAt) {
      const { server, response } = await ask([{ ends, after }, {}]);
      expect(await dataOf(response), `after ${after}`).toEqual(EVENTS);
      expect(cursorsOf(server), `after ${after}`).toEqual([undefined, `c${after}`]);
      const [first, second] = server.streamRequests.map(({ method, path, body, headers }) => ({ method, path, body, authorization: headers.authorization }));
      expect(second).toEqual(first);
    }
  });

  test.each(["end", "reset"] as const)("by a %s inside any frame goes on with the whole frame", async (ends) => {
    for (const after of cutAt) {
      const { response } = await ask([{ ends, after, bytes: 30 }, {}]);
      expect(await dataOf(response), `in ${after}`).toEqual(EVENTS);
    }
  });

  test("after each frame goes on as often as there are frames, whatever the number of retries", async () => {
    const { server, response } = await ask([{ ends: "end", after: 1 }], { retries: 1 });
    expect(await dataOf(response)).toEqual(EVENTS);
    expect(cursorsOf(server)).toEqual([undefined, "c1", "c2", "c3", "c4", "c5"]);
  });

  test("between two runs goes on where the server says that it follows the thread", async () => {
    const events = [...EVENTS, STARTED, FINISHED];
    const follow = withHeader("x-holdfast-following", "true");
    const { server, response } = await ask([{ ends: "end", after: EVENTS.length }, {}, { status: 404 }], { fetch: follow }, events);
    expect((await dataOf(response)).slice(0, events.length)).toEqual(events);
    expect(cursorsOf(server).slice(0, 2)).toEqual([undefined, `c${EVENTS.length}`]);
    const once = await ask([{ ends: "end", after: EVENTS.length }, {}], {}, events);
    expect(await dataOf(once.response)).toEqual(EVENTS);
  });

  test("behind its last event has lost nothing", async () => {
    const { server, response } = await ask([{ ends: "reset" }]);
    expect(await dataOf(response)).toEqual(EVENTS);
    expect(server.streamRequests).toHaveLength(1);
  });

  test("after a RUN_ERROR has lost nothing", async () => {
    const events = [STARTED, '{"type":"RUN_ERROR","message":"no"}'];
    const { server, response } = await ask([{ ends: "reset" }], {}, events);
    expect(await dataOf(response)).toEqual(events);
    expect(server.streamRequests).toHaveLength(1);
  });

  test("in the second run of a thread goes on, and ends with that run", async () => {
    const events = [...EVENTS, '{"type":"RUN_STARTED","threadId":"t","runId":"s"}', '{"type":"RUN_FINISHED","threadId":"t","runId":"s"}'];
    const { server, response } = await ask([{ ends: "end", after: EVENTS.length + 1 }, {}], {}, events);
    expect(await dataOf(response)).toEqual(events);
    expect(server.streamRequests).toHaveLength(2);
  });

  test("after an end of another run goes on", async () => {
    const events = [STARTED, '{"type":"RUN_FINISHED","threadId":"t","runId":"other"}', FINISHED];
    const { response } = await ask([{ ends: "end", after: 2 }, {}], {}, events);
    expect(await dataOf(response)).toEqual(events);
  });
});

test("characters that are split over many reads arrive whole", async () => {
  const { response } = await ask(["in-bytes"]);
  expect(await dataOf(response)).toEqual(EVENTS);
});

test("the answer has status 200 and the headers of the first one, but no length and no encoding", async () => {
  const fetch = resumableFetch({
    fetch: async () =>
      new Response(`data: ${FINISHED}\n\n`, {
        status: 203,
        headers: { "content-type": "text/event-stream; charset=utf-8", "content-length": "9", "content-encoding": "gzip", "x-holdfast-run-id": "a" },
      }),
  });
  const { status, headers } = await fetch("http://holdfast.test/run");
  expect(status).toBe(200);
  expect(Object.fromEntries(headers)).toEqual({ "content-type": "text/event-stream; charset=utf-8", "x-holdfast-run-id": "a" });
});

describe("what is asked again", () => {
  test.each([408, 429, 500, 502, 503])("an answer %s, and the time that it asks for is waited", async (status) => {
    const { response, retries } = await ask([{ ends: "end", after: 1 }, { status, headers: { "retry-after": "0" } }, "nothing", {}]);
    expect(await dataOf(response)).toEqual(EVENTS);
    expect(retries).toMatchObject([{ retry: 1 }, { retry: 2, status }, { retry: 3, error: { message: "fetch failed" } }]);
  });

  test("waits as long as Retry-After says, and the longest wait doubles up to its limit", async () => {
    const answers = [{ ends: "end", after: 1 }, { status: 503 }, { status: 503 }, { status: 503, headers: { "retry-after": "1" } }, {}] as const;
    const { response, retries } = await ask(answers, { baseDelayMs: 2, maxDelayMs: 6, jitter: () => 0.5 });
    expect(await dataOf(response)).toEqual(EVENTS);
    expect(retries.map(({ delayMs }) => delayMs)).toEqual([1, 2, 3, 1_003]);
  });
});

describe("a stream that cannot be had", () => {
  test.each([
    ["is refused", [{ status: 401 }], 2],
    ["is unknown", [{ status: 404 }], 2],
    ["is answered with nothing", [{ status: 204 }], 2],
    ["is answered with a page", [{ status: 200, headers: { "content-type": "text/html" }, body: "<p>" }], 2],
    ["brings no new event in as many tries as are given", [{ ends: "end", after: 0 }, { status: 503 }, "nothing"], 4],
    ["is to be waited for longer than a minute", [{ status: 503, headers: { "retry-after": "61" } }], 2],
  ] as const)("because it %s ends with the error stream_lost", async (_, answers, requests) => {
    const { server, response } = await ask([{ ends: "end", after: 2 }, ...answers], { retries: 3 });
    const [started, word, error, ...more] = await dataOf(response);
    expect([started, word, more]).toEqual([...EVENTS.slice(0, 2), []]);
    expect(errorOf(error)).toEqual({ type: "RUN_ERROR", code: "stream_lost", message: expect.stringContaining("The connection was lost") as string });
    expect(server.streamRequests).toHaveLength(requests);
  });

  test("because the server has forgotten it ends with the error cursor_expired", async () => {
    const { server, response } = await ask([{ ends: "reset", after: 1 }, { status: 410 }]);
    const data = await dataOf(response);
    expect(data[0]).toBe(STARTED);
    expect(errorOf(data[1])).toMatchObject({ type: "RUN_ERROR", code: "cursor_expired" });
    expect(server.streamRequests).toHaveLength(2);
  });

  test("because it has no cursor ends with the error stream_lost, and begins no second run", async () => {
    const { server, response } = await ask([{ ends: "reset", after: 0, withoutCursor: true }]);
    expect(errorOf((await dataOf(response))[0])).toMatchObject({ code: "stream_lost" });
    expect(server.streamRequests).toHaveLength(1);
  });
});

describe("what is handed over as it is", () => {
  test.each([204, 400, 404, 409, 410, 503])("an answer %s to the first request", async (status) => {
    const { server, response } = await ask([{ status, headers: { "x-own": "1" } }]);
    expect(response.status).toBe(status);
    expect(response.headers.get("x-own")).toBe("1");
    expect(server.streamRequests).toHaveLength(1);
  });

  test("an answer that is no event stream", async () => {
    const { response } = await ask([{ status: 200, headers: { "content-type": "application/json" }, body: '{"a":1}' }]);
    expect(await response.json()).toEqual({ a: 1 });
  });

  test("an empty stream of nothing", async () => {
    const { server, response } = await ask([{ withoutCursor: true }], {}, []);
    expect(await response.text()).toBe("");
    expect(server.streamRequests).toHaveLength(1);
  });

  test("a connection that fails before the answer begins", async () => {
    const server = await EventServer.open({ events: EVENTS, answer: () => "nothing" });
    onTestFinished(() => server.close());
    await expect(resumableFetch()(server.url, { method: "POST", body: "{}" })).rejects.toThrow("fetch failed");
    expect(server.streamRequests).toHaveLength(1);
  });
});

test("a Request is sent whole every time", async () => {
  const server = await EventServer.open({ events: EVENTS, answer: () => ({ ends: "reset", after: 3 }) });
  onTestFinished(() => server.close());
  const fetch = resumableFetch({ jitter: () => 0 });
  const response = await fetch(new Request(server.url, { method: "POST", body: "hi", headers: { authorization: "Bearer t" } }));
  expect(await dataOf(response)).toEqual(EVENTS);
  expect(server.streamRequests.map(({ body, headers }) => [body, headers.authorization])).toEqual([
    ["hi", "Bearer t"],
    ["hi", "Bearer t"],
  ]);
});
