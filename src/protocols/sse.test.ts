import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { eventStream, type EventStreamOptions } from "./sse.ts";

const never = new AbortController().signal;

/** A body that a test feeds, and whose pulls it sees. */
class Feed {
  readonly #ready: (string | Uint8Array)[] = [];
  #wake: (() => void) | undefined;
  #isEnded = false;
  pulls = 0;
  signal: AbortSignal | undefined;
  isClosed = false;

  push(...frames: readonly (string | Uint8Array)[]): void {
    this.#ready.push(...frames);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  readonly body = async function* (this: Feed, signal: AbortSignal): AsyncGenerator<string | Uint8Array, void, void> {
    this.signal = signal;
    signal.addEventListener("abort", () => this.#wake?.());
    try {
      while (!signal.aborted) {
        const frame = this.#ready.shift();
        if (frame !== undefined) {
          this.pulls += 1;
          yield frame;
        } else if (this.#isEnded) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.isClosed = true;
    }
  }.bind(this);
}

function streamOf(feed: Feed, options: Partial<EventStreamOptions> = {}): Response {
  return eventStream({ body: feed.body, closing: never, onClosing: "end", ...options });
}

function readerOf(response: Response): { read(): Promise<string | undefined>; cancel(): Promise<void> } {
  if (response.body === null) throw new Error("no body");
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  return {
    read: async () => {
      const { done, value } = await reader.read();
      return done ? undefined : decoder.decode(value);
    },
    cancel: () => reader.cancel(),
  };
}

describe("an event stream", () => {
  it("begins with a comment, so that the headers go out at once", async () => {
    const response = streamOf(new Feed(), { headers: { "x-run": "run_1" } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toContain("no-transform");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    expect(response.headers.get("x-run")).toBe("run_1");
    expect(await readerOf(response).read()).toBe(": ping\n\n");
  });

  it("sends strings and bytes, what is ready in one piece, and closes with its body", async () => {
    const feed = new Feed();
    const reader = readerOf(streamOf(feed));
    await reader.read();
    feed.push("a", new TextEncoder().encode("b"), "", "c");
    expect(await reader.read()).toBe("abc");
    feed.push("d");
    feed.end();
    expect(await reader.read()).toBe("d");
    expect(await reader.read()).toBeUndefined();
    expect(feed.isClosed).toBe(true);
  });

  it("is not opened before it is read, and reads one frame ahead of a slow reader at most", async () => {
    const feed = new Feed();
    const frame = "x".repeat(100_000);
    feed.push(...Array.from({ length: 20 }, () => frame));
    const reader = readerOf(streamOf(feed));
    expect(feed.signal).toBeUndefined();
    await reader.read();
    expect(await reader.read()).toHaveLength(100_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(feed.pulls).toBeLessThanOrEqual(2);
  });

  it("tells its body when the reader is gone", async () => {
    const feed = new Feed();
    const reader = readerOf(streamOf(feed));
    await reader.read();
    const pending = reader.read();
    await reader.cancel();
    await pending;
    expect(feed.signal?.aborted).toBe(true);
    await vi.waitFor(() => expect(feed.isClosed).toBe(true));
  });

  it("fails when its body fails, after what came before", async () => {
    const body = async function* (): AsyncGenerator<string, void, void> {
      yield "a";
      throw new Error("broken");
    };
    const reader = readerOf(eventStream({ body, closing: never, onClosing: "end" }));
    await reader.read();
    expect(await reader.read()).toBe("a");
    await expect(reader.read()).rejects.toThrow("broken");
  });
});

describe("a silent event stream", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("sends a comment before the silence is longer than promised, and none while there are events", async () => {
    vi.useFakeTimers();
    const feed = new Feed();
    const reader = readerOf(streamOf(feed, { keepAliveMs: 1_000 }));
    await reader.read();
    const first = reader.read();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await first).toBe(": ping\n\n");
    const second = reader.read();
    await vi.advanceTimersByTimeAsync(400);
    feed.push("a");
    expect(await second).toBe("a");
    const third = reader.read();
    await vi.advanceTimersByTimeAsync(500);
    feed.push("b");
    expect(await third).toBe("b");
  });

  it("piles up no comments for a reader that does not read", async () => {
    vi.useFakeTimers();
    const feed = new Feed();
    const reader = readerOf(streamOf(feed, { keepAliveMs: 1_000 }));
    await reader.read();
    const waiting = reader.read();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await waiting).toBe(": ping\n\n");
    expect(await reader.read()).toBe(": ping\n\n");
    feed.push("a");
    expect(await reader.read()).toBe("a");
  });

  it("that is opened while the server closes is held for a second, then ends", async () => {
    vi.useFakeTimers();
    const closing = new AbortController();
    closing.abort();
    const feed = new Feed();
    const reader = readerOf(streamOf(feed, { closing: closing.signal }));
    await reader.read();
    let isOver = false;
    const end = reader.read().then((frame) => {
      isOver = true;
      return frame;
    });
    await vi.advanceTimersByTimeAsync(900);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(await end).toBeUndefined();
    expect(feed.signal?.aborted).toBe(true);
  });
});

describe("on a socket", () => {
  const servers: ReturnType<typeof serve>[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    vi.restoreAllMocks();
  });

  async function open(options: EventStreamOptions): Promise<IncomingMessage> {
    const server = serve({ fetch: () => eventStream(options), port: 0, hostname: "127.0.0.1" });
    servers.push(server);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const [message] = (await once(get({ port, host: "127.0.0.1", agent: false }), "response")) as [IncomingMessage];
    return message;
  }

  function outcome(message: IncomingMessage): Promise<{ readonly text: string; readonly end: "complete" | "cut" }> {
    let text = "";
    message.on("data", (data: Buffer) => (text += data.toString()));
    return new Promise((resolve) => {
      message.on("end", () => resolve({ text, end: message.complete ? "complete" : "cut" }));
      message.on("error", () => resolve({ text, end: "cut" }));
    });
  }

  it.each([
    { onClosing: "end", end: "complete" },
    { onClosing: "reset", end: "cut" },
  ] as const)("a server that closes leaves a body that is $end where the client needs that", async ({ onClosing, end }) => {
    // The Node adapter prints the error that a stream was ended with.
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const closing = new AbortController();
    const feed = new Feed();
    const message = await open({ body: feed.body, closing: closing.signal, onClosing });
    const ended = outcome(message);
    feed.push("data: 1\n\n");
    await once(message, "data");
    await vi.waitFor(() => expect(feed.pulls).toBe(1));
    closing.abort();
    const seen = await ended;
    expect(seen.text).toMatch(/^: ping\n\n(data: 1\n\n)?$/);
    expect(seen.end).toBe(end);
    await vi.waitFor(() => expect(feed.isClosed).toBe(true));
  });

  it("a client that does not read stops the body instead of filling the memory", async () => {
    const feed = new Feed();
    const frame = new Uint8Array(65_536);
    feed.push(...Array.from({ length: 2_000 }, () => frame));
    const message = await open({ body: feed.body, closing: never, onClosing: "end" });
    message.pause();
    let before = -1;
    await vi.waitFor(
      () => {
        const isStill = feed.pulls === before;
        before = feed.pulls;
        expect(isStill && feed.pulls > 0).toBe(true);
      },
      { interval: 100, timeout: 10_000 },
    );
    expect(feed.pulls).toBeLessThan(1_000);
    message.destroy();
    await vi.waitFor(() => expect(feed.isClosed).toBe(true));
  });
});
