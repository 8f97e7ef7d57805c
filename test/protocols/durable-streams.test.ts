import { beforeEach, describe, expect, test } from "vitest";
import { offsetOf } from "../../src/core/offset.ts";
import type { RunMessage } from "../../src/protocols/durable-streams/run-stream.ts";
import { END, EVENTS, messagesOf, nextOf, ReadRun, say, textOf } from "./durable-streams-fixture.ts";

let run: ReadRun;

beforeEach(async () => {
  run = await ReadRun.start();
});

describe("catch-up", () => {
  test("every entry is one message with its offset, attempt and time", async () => {
    const [entry] = await run.append(say("hello"));
    const response = await run.get("?offset=0000000000000002");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(await response.json()).toEqual([{ offset: "0000000000000003", attempt: 1, at: entry?.at, event: say("hello") }]);
    expect(nextOf(response)).toBe("0000000000000003");
    expect(response.headers.get("Stream-Up-To-Date")).toBe("true");
    expect(response.headers.get("Stream-Closed")).toBeNull();
  });

  test("an offset inside an event is printed like every other offset", async () => {
    await run.append({ type: "attempt-started", attempt: 2, resetTo: offsetOf(2) });
    const [message] = await messagesOf(await run.get("?offset=0000000000000002"));
    expect(message?.event).toEqual({ type: "attempt-started", attempt: 2, resetTo: "0000000000000002" });
  });

  test("pages of every size give the whole log once, and only the last one says that it is the end", async () => {
    await run.append(say("a"), say("b"), say("c"));
    await run.append(say("d"), END);
    const whole = await messagesOf(await run.get("?offset=-1"));
    expect(whole).toHaveLength(7);
    for (let maxMessages = 1; maxMessages <= whole.length + 1; maxMessages += 1) {
      const read: RunMessage[] = [];
      let offset = "-1";
      let isClosed = false;
      while (!isClosed) {
        const response = await run.get(`?offset=${offset}`, { page: { maxMessages, maxChars: 1_000_000 } });
        const page = await messagesOf(response);
        expect(page.length).toBeLessThanOrEqual(maxMessages);
        read.push(...page);
        offset = nextOf(response);
        isClosed = response.headers.get("Stream-Closed") === "true";
        expect(isClosed).toBe(read.length === whole.length);
        expect(response.headers.get("Stream-Up-To-Date")).toBe(isClosed ? "true" : null);
      }
      expect(read).toEqual(whole);
    }
  });

  test("a read at the tail is an empty array", async () => {
    const response = await run.get("?offset=0000000000000002");
    expect(await response.text()).toBe("[]");
    expect(nextOf(response)).toBe("0000000000000002");
    expect(response.headers.get("Stream-Up-To-Date")).toBe("true");
  });

  test("a read at the end of an ended run says that nothing follows", async () => {
    await run.append(END);
    const response = await run.get("?offset=0000000000000003");
    expect(await response.text()).toBe("[]");
    expect(response.headers.get("Stream-Closed")).toBe("true");
  });

  test("offset=now skips what is there and is never kept by a cache", async () => {
    await run.append(say("old"));
    const response = await run.get("?offset=now");
    expect(await response.text()).toBe("[]");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("ETag")).toBeNull();
    await run.append(say("fresh"));
    expect(textOf(await messagesOf(await run.get(`?offset=${nextOf(response)}`)))).toBe("fresh");
  });

  test("a page that did not change is not sent again", async () => {
    const first = await run.get();
    const tag = first.headers.get("ETag") ?? "";
    const again = await run.get("", {}, { "If-None-Match": tag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    expect(again.headers.get("ETag")).toBe(tag);
    expect(nextOf(again)).toBe(nextOf(first));
  });

  test("a page that grew, or whose stream grew or ended, is sent again", async () => {
    const page = { maxMessages: 2, maxChars: 1_000_000 };
    const short = (await run.get("", { page })).headers.get("ETag") ?? "";
    const tail = (await run.get("?offset=0000000000000002")).headers.get("ETag") ?? "";
    await run.append(END);
    expect((await run.get("", {}, { "If-None-Match": short })).status).toBe(200);
    expect((await run.get("", { page }, { "If-None-Match": short })).status).toBe(200);
    expect((await run.get("?offset=0000000000000002", {}, { "If-None-Match": tail })).status).toBe(200);
  });

  test("no reply may be kept for anyone but its reader", async () => {
    for (const query of ["", "?offset=-1&live=sse", "?offset=-1&live=long-poll", "?offset=now"]) {
      const response = await run.get(query);
      expect(response.headers.get("Cache-Control")).toMatch(/private|no-store/);
      await response.body?.cancel();
    }
  });
});

describe("refusals", () => {
  test.each([
    ["?offset=", "OFFSET_INVALID"],
    ["?offset=1_0", "OFFSET_INVALID"],
    ["?offset=-1&offset=-1", "OFFSET_INVALID"],
    ["?offset=0000000000000099", "OFFSET_INVALID"],
    ["?offset=0000000000000099&live=sse", "OFFSET_INVALID"],
    ["?live=sse", "INPUT_INVALID"],
    ["?live=long-poll", "INPUT_INVALID"],
    ["?offset=-1&live=carrier-pigeon", "INPUT_INVALID"],
  ])("%s is %s", async (query, code) => {
    expect(await (await run.get(query)).text()).toBe(code);
  });

  test("a run of another resource is not found, by whatever read", async () => {
    const stranger = run.server({}, run.runs, { resourceId: "stranger" });
    for (const query of ["", "?offset=now", "?offset=-1&live=sse", "?offset=-1&live=long-poll"]) {
      expect(await (await stranger.request(`${EVENTS}${query}`)).text()).toBe("RUN_NOT_FOUND");
    }
    expect((await stranger.request(EVENTS, { method: "HEAD" })).status).toBe(400);
  });

  test.each(["PUT", "POST", "PATCH", "DELETE"])("%s is refused with the methods that are served", async (method) => {
    const response = await run.server().request(EVENTS, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("GET, HEAD");
  });

  test("errors carry the security headers, too", async () => {
    for (const response of [
      await run.get("?offset="),
      await run.server().request(EVENTS, { method: "POST" }),
      await run.get(),
      await run.get("?offset=now&live=sse"),
    ]) {
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(response.headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
      await response.body?.cancel();
    }
  });
});

describe("HEAD", () => {
  test("it tells where the log ends and whether it is closed, without a body", async () => {
    const open = await run.server().request(EVENTS, { method: "HEAD" });
    expect([open.status, await open.text()]).toEqual([200, ""]);
    expect(nextOf(open)).toBe("0000000000000002");
    expect(open.headers.get("Stream-Closed")).toBeNull();
    expect(open.headers.get("Content-Type")).toBe("application/json");
    expect(open.headers.get("Cache-Control")).toBe("no-store");

    await run.append(END);
    const ended = await run.server().request(EVENTS, { method: "HEAD" });
    expect(nextOf(ended)).toBe("0000000000000003");
    expect(ended.headers.get("Stream-Closed")).toBe("true");
  });
});
