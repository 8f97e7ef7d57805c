import { describe, expect, test } from "vitest";
import { resilientFetch, type ResilientFetchOptions, type Retry } from "./resilient-fetch.ts";

type Answer = Response | Error | (() => Promise<Response>);
interface Sent {
  readonly method: string;
  readonly key: string | null;
  readonly body: string;
}

const CHAT = "http://holdfast.test/api/chat";
const refused = (): Error => new TypeError("fetch failed");
const away = (headers: Record<string, string> = {}, status = 503): Response => new Response("away", { status, headers });

/** A fetch that gives these answers in turn, and what was asked of it. Waits take no time unless a test says so. */
function scripted(answers: readonly Answer[], options: ResilientFetchOptions = {}): { fetch: typeof fetch; sent: Sent[]; retries: Retry[] } {
  const sent: Sent[] = [];
  const retries: Retry[] = [];
  const inner: typeof fetch = async (input, init) => {
    // A string is sent as it is; reading it through a Request shows what would go out.
    const request = new Request(input, init);
    sent.push({ method: request.method, key: request.headers.get("idempotency-key"), body: await request.text() });
    const answer = answers[sent.length - 1];
    if (answer === undefined) throw new Error("one request too many");
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer() : answer;
  };
  return { fetch: resilientFetch({ fetch: inner, jitter: () => 0, onRetry: (retry) => void retries.push(retry), ...options }), sent, retries };
}

describe("what is retried", () => {
  test("a connection that fails is tried again until it works", async () => {
    const { fetch, retries } = scripted([refused(), refused(), new Response("there")]);
    expect(await (await fetch(CHAT)).text()).toBe("there");
    expect(retries.map(({ retry, error }) => [retry, (error as Error).message])).toEqual([
      [1, "fetch failed"],
      [2, "fetch failed"],
    ]);
  });

  test.each([429, 502, 503, 504])("an answer %s is tried again", async (status) => {
    const { fetch, retries } = scripted([away({}, status), new Response("there")]);
    expect((await fetch(CHAT)).status).toBe(200);
    expect(retries).toMatchObject([{ retry: 1, status }]);
  });

  test.each([200, 204, 400, 401, 404, 409, 500])("an answer %s is handed over as it is", async (status) => {
    const { fetch, sent } = scripted([new Response(null, { status })]);
    expect((await fetch(CHAT)).status).toBe(status);
    expect(sent).toHaveLength(1);
  });

  test("after the last retry the caller gets the failure", async () => {
    const { fetch, sent } = scripted([refused(), refused(), refused()], { retries: 2 });
    await expect(fetch(CHAT)).rejects.toThrow("fetch failed");
    expect(sent).toHaveLength(3);
  });

  test("after the last retry the caller gets the answer, still readable", async () => {
    const { fetch } = scripted([away(), away()], { retries: 1 });
    expect(await (await fetch(CHAT)).text()).toBe("away");
  });

  test("a call that can never be sent is not tried again", async () => {
    const { fetch, sent } = scripted([Object.assign(refused(), { cause: { code: "ERR_INVALID_URL" } })]);
    await expect(fetch(CHAT)).rejects.toThrow("fetch failed");
    expect(sent).toHaveLength(1);
  });

  test("a response that breaks off after its headers is left to the caller", async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new TypeError("terminated")) });
    const { fetch, sent } = scripted([new Response(body)]);
    await expect((await fetch(CHAT)).text()).rejects.toThrow("terminated");
    expect(sent).toHaveLength(1);
  });
});

describe("how long it waits", () => {
  test("the longest wait doubles up to its limit, and a part of it is waited", async () => {
    const { fetch, retries } = scripted([refused(), refused(), refused(), refused(), new Response()], { jitter: () => 0.5, baseDelayMs: 2, maxDelayMs: 10 });
    await fetch(CHAT);
    expect(retries.map(({ delayMs }) => delayMs)).toEqual([1, 2, 4, 5]);
  });

  test("it waits at least as long as the server asks", async () => {
    const { fetch, retries } = scripted([away({ "retry-after": "1" }, 429), new Response()], { jitter: () => 0.5, baseDelayMs: 8 });
    await fetch(CHAT);
    expect(retries).toMatchObject([{ delayMs: 1_004, status: 429 }]);
  });

  test("a server that asks for more than a minute is not waited for", async () => {
    const { fetch, sent } = scripted([away({ "retry-after": "61" }, 429)]);
    expect((await fetch(CHAT)).status).toBe(429);
    expect(sent).toHaveLength(1);
  });
});

describe("a POST", () => {
  const post = { method: "POST", body: "hi" };

  test("has the same idempotency key and body in every retry of one call, and another key in another call", async () => {
    const { fetch, sent } = scripted([refused(), away(), new Response(), new Response()]);
    await fetch(CHAT, post);
    await fetch(CHAT, post);
    const [first, second, third, other] = sent;
    expect(first).toEqual({ method: "POST", key: expect.stringMatching(/^[0-9a-f]{32}$/) as string, body: "hi" });
    expect([second, third]).toEqual([first, first]);
    expect(other?.key).not.toBe(first?.key);
  });

  test("keeps the key that it has", async () => {
    const { fetch, sent } = scripted([new Response()]);
    await fetch(CHAT, { ...post, headers: { "idempotency-key": "mine" } });
    expect(sent).toMatchObject([{ key: "mine" }]);
  });

  test("keeps its other headers", async () => {
    let seen: Headers | undefined;
    const fetch = resilientFetch({
      fetch: async (input, init) => {
        seen = new Request(input, init).headers;
        return new Response();
      },
    });
    await fetch(new Request(CHAT, { ...post, headers: { authorization: "Bearer t" } }));
    expect(seen?.get("authorization")).toBe("Bearer t");
    expect(seen?.get("idempotency-key")).not.toBeNull();
  });

  test("as a Request is sent whole every time", async () => {
    const { fetch, sent } = scripted([refused(), away(), new Response()]);
    await fetch(new Request(CHAT, post));
    expect(sent.map(({ body }) => body)).toEqual(["hi", "hi", "hi"]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  });

  test("of a stream is sent once, since a stream cannot be read again", async () => {
    const body = new Response("hi").body;
    const { fetch, sent } = scripted([refused()]);
    await expect(fetch(CHAT, { method: "POST", body, duplex: "half" } as RequestInit)).rejects.toThrow("fetch failed");
    expect(sent).toHaveLength(1);
  });

  test("whose Request was read before is not retried", async () => {
    const request = new Request(CHAT, post);
    await request.text();
    const { fetch, retries } = scripted([]);
    await expect(fetch(request)).rejects.toThrow(TypeError);
    expect(retries).toEqual([]);
  });
});

test("a GET gets no idempotency key", async () => {
  const { fetch, sent } = scripted([new Response()]);
  await fetch(CHAT);
  expect(sent).toMatchObject([{ method: "GET", key: null }]);
});

describe("an abort", () => {
  const hour = { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000, jitter: () => 1 };

  test("ends a wait at once with the reason of the signal", async () => {
    const abort = new AbortController();
    const reason = new Error("left the page");
    const { fetch, sent } = scripted([refused()], { ...hour, onRetry: () => abort.abort(reason) });
    await expect(fetch(CHAT, { signal: abort.signal })).rejects.toBe(reason);
    expect(sent).toHaveLength(1);
  });

  test("counts too when the signal is the one of a Request", async () => {
    const abort = new AbortController();
    const { fetch } = scripted([refused()], { ...hour, onRetry: () => abort.abort() });
    await expect(fetch(new Request(CHAT, { signal: abort.signal }))).rejects.toMatchObject({ name: "AbortError" });
  });

  test("of the request in flight is not taken for a lost connection", async () => {
    const abort = new AbortController();
    const inFlight = (): Promise<Response> => {
      abort.abort();
      return Promise.reject(abort.signal.reason as Error);
    };
    const { fetch, retries } = scripted([inFlight], hour);
    await expect(fetch(CHAT, { signal: abort.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(retries).toEqual([]);
  });
});
