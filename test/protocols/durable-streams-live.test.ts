import { beforeEach, describe, expect, test } from "vitest";
import type { RunLogs, RunMessage } from "../../src/protocols/durable-streams/run-stream.ts";
import { END, EVENTS, eventsOf, messagesIn, messagesOf, nextOf, ReadRun, say, textOf } from "./durable-streams-fixture.ts";

let run: ReadRun;

beforeEach(async () => {
  run = await ReadRun.start();
});

describe("long-poll", () => {
  test("what is there is given at once", async () => {
    const response = await run.get("?offset=-1&live=long-poll");
    expect(await messagesOf(response)).toHaveLength(2);
    expect(response.headers.get("Stream-Up-To-Date")).toBe("true");
    expect(response.headers.get("Stream-Cursor")).toMatch(/^\d+$/);
  });

  test("at the tail it waits for the next commit", async () => {
    const pending = run.get("?offset=now&live=long-poll", { longPollMs: 30_000 });
    await run.isFollowed();
    await run.append(say("late"));
    const response = await pending;
    expect(textOf(await messagesOf(response))).toBe("late");
    expect(nextOf(response)).toBe("0000000000000003");
    await run.isLeft();
  });

  test("when nothing comes it ends without a body and says where it stands", async () => {
    const response = await run.get("?offset=0000000000000002&live=long-poll&cursor=999999999", { longPollMs: 10 });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(nextOf(response)).toBe("0000000000000002");
    expect(response.headers.get("Stream-Up-To-Date")).toBe("true");
    expect(Number(response.headers.get("Stream-Cursor"))).toBeGreaterThan(999_999_999);
    await run.isLeft();
  });

  test("the last message comes with the end, and behind it nobody waits", async () => {
    const pending = run.get("?offset=now&live=long-poll", { longPollMs: 30_000 });
    await run.isFollowed();
    await run.append(say("bye"), END);
    const last = await pending;
    expect(last.headers.get("Stream-Closed")).toBe("true");
    expect(await messagesOf(last)).toHaveLength(2);

    const behind = await run.get(`?offset=${nextOf(last)}&live=long-poll`, { longPollMs: 30_000 });
    expect(behind.status).toBe(204);
    expect(behind.headers.get("Stream-Closed")).toBe("true");
    expect(behind.headers.get("Stream-Cursor")).toBeNull();
  });

  test("a server that shuts down lets its waiting readers go", async () => {
    const pending = run.get("?offset=now&live=long-poll", { longPollMs: 30_000 });
    await run.isFollowed();
    run.runs.shutDown();
    const response = await pending;
    expect(response.status).toBe(204);
    expect(response.headers.get("Stream-Closed")).toBeNull();
    expect((await run.get("?offset=now&live=long-poll", { longPollMs: 30_000 })).status).toBe(204);
    await run.isLeft();
  });

  test("a client that goes away leaves nothing waiting", async () => {
    const client = new AbortController();
    const pending = run.server({ longPollMs: 30_000 }).request(new Request(`http://local${EVENTS}?offset=now&live=long-poll`, { signal: client.signal }));
    await run.isFollowed();
    client.abort();
    await run.isLeft();
    await pending;
  });
});

describe("server-sent events", () => {
  test("an ended run is data, its control event, and the end of the body", async () => {
    await run.append(say("a\nb"), END);
    const response = await run.get("?offset=0000000000000002&live=sse");
    expect(response.headers.get("Content-Type")).toBe("text/event-stream");
    const [data, control, ...rest] = eventsOf(await response.text());
    expect(data?.name).toBe("data");
    expect(JSON.parse(data?.data ?? "")).toEqual(await messagesOf(await run.get("?offset=0000000000000002")));
    expect(control).toEqual({ name: "control", data: '{"streamNextOffset":"0000000000000004","streamClosed":true,"upToDate":true}' });
    expect(rest).toEqual([]);
  });

  test("at the end of an ended run there is one control event only", async () => {
    await run.append(END);
    for (const offset of ["now", "0000000000000003"]) {
      const text = await (await run.get(`?offset=${offset}&live=sse`)).text();
      expect(eventsOf(text)).toEqual([{ name: "control", data: '{"streamNextOffset":"0000000000000003","streamClosed":true,"upToDate":true}' }]);
    }
  });

  test("at the tail the reader learns at once that it is up to date, then gets every commit", async () => {
    const clock = { now: () => Date.UTC(2024, 9, 9) + 60_000 };
    const response = await run.get("?offset=now&live=sse&cursor=7", { clock, random: () => 0 });
    const text = response.text();
    await run.isFollowed();
    await run.append(say("one"));
    await run.append(say("two"), END);
    const events = eventsOf(await text);
    expect(events[0]).toEqual({ name: "control", data: '{"streamNextOffset":"0000000000000002","streamCursor":"8","upToDate":true}' });
    expect(events.at(-1)?.data).toBe('{"streamNextOffset":"0000000000000005","streamClosed":true,"upToDate":true}');
    expect(textOf(messagesIn(events))).toBe("onetwo");
    events.forEach(({ name }, index) => name === "data" && expect(events[index + 1]?.name).toBe("control"));
  });

  test("a reader that is cut behind any control event and resumes there gets the whole log once", async () => {
    await run.append(say("a"), say("b"));
    const text = (await run.get("?offset=-1&live=sse")).text();
    await run.isFollowed();
    for (const letter of ["c", "d", "e"]) await run.append(say(letter));
    await run.append(END);
    const whole = await messagesOf(await run.get());
    const events = eventsOf(await text);
    const read: RunMessage[] = [];
    for (const event of events) {
      read.push(...messagesIn([event]));
      if (event.name !== "control") continue;
      const { streamNextOffset } = JSON.parse(event.data) as { streamNextOffset: string };
      const resumed = eventsOf(await (await run.get(`?offset=${streamNextOffset}&live=sse`)).text());
      expect([...read, ...messagesIn(resumed)]).toEqual(whole);
    }
    expect(read).toEqual(whole);
  });

  test("a server that shuts down ends the body without saying that the run is closed", async () => {
    const text = (await run.get("?offset=-1&live=sse")).text();
    await run.isFollowed();
    run.runs.shutDown();
    const events = eventsOf(await text);
    expect(events.at(-1)?.data).toMatch(/^\{"streamNextOffset":"0000000000000002","streamCursor":"\d+","upToDate":true\}$/);
    await run.isLeft();
  });

  test("a client that goes away leaves nothing following", async () => {
    const response = await run.get("?offset=-1&live=sse");
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.read();
    await run.isFollowed();
    await reader?.cancel();
    await run.isLeft();
  });
});

test("a run that ends while a reader attaches at its tail is seen to be closed", async () => {
  // The status is read first, and the run ends before its last offset is read.
  let reads = 0;
  const logs: RunLogs = {
    closing: run.runs.closing,
    getRun: (principal, runId) => run.runs.getRun(principal, runId),
    tail: (read, after, signal) => run.runs.tail(read, after, signal),
    async lastOffset(read) {
      if ((reads += 1) === 1) await run.append(END);
      return run.runs.lastOffset(read);
    },
  };
  const text = await (await run.server({}, logs).request(`${EVENTS}?offset=now&live=sse`)).text();
  expect(eventsOf(text)).toEqual([{ name: "control", data: '{"streamNextOffset":"0000000000000003","streamClosed":true,"upToDate":true}' }]);
});
