import { describe, expect, it } from "vitest";
import { cedarFetch } from "./cedar-fetch.ts";

const CHAT = "https://example.com/api/chat";
const frame = (at: number, text: string): string => `id: run_1:${at}.1\ndata: ${JSON.stringify({ content: text })}\n\n`;
const DONE = "event: done\ndata:\n\n";

interface Sent {
  readonly url: string;
  readonly headers: Headers;
}

function stream(...frames: readonly string[]): Response {
  return new Response(`: ping\n\n${frames.join("")}`, {
    headers: { "content-type": "text/event-stream", "x-holdfast-cursor": "run_1:0", "x-holdfast-run-id": "run_1" },
  });
}

/** A server that gives one answer after the other. */
function serverOf(...answers: readonly (Response | Error)[]): { readonly sent: Sent[]; readonly fetch: typeof globalThis.fetch } {
  const sent: Sent[] = [];
  const left = [...answers];
  return {
    sent,
    fetch: async (input, init) => {
      sent.push({ url: input instanceof Request ? input.url : String(input), headers: new Headers(init?.headers) });
      const answer = left.shift() ?? new Response(null, { status: 404 });
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const POST = { method: "POST", body: "{}" };
const QUICK = { chatURL: CHAT, baseDelayMs: 0, jitter: () => 0 };

describe("a fetch for Cedar", () => {
  it("goes on behind the last whole frame, under the key that the request began with", async () => {
    const { sent, fetch } = serverOf(stream(frame(1, "a"), "id: run_1:2.1\ndata: {"), new Error("down"), stream(frame(2, "b"), DONE));
    const answer = await cedarFetch({ ...QUICK, fetch })(`${CHAT}/stream`, POST);
    expect(await answer.text()).toBe(`: ping\n\n${frame(1, "a")}: ping\n\n${frame(2, "b")}${DONE}`);
    expect(sent.map(({ headers }) => headers.get("last-event-id"))).toEqual([null, "run_1:1.1", "run_1:1.1"]);
    expect(new Set(sent.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
  });

  it("goes on behind words that look like the end of a stream", async () => {
    const words = "a\u2028event: done\u2028b\nevent: done\n";
    const { fetch } = serverOf(stream(frame(1, words)), stream(frame(2, "c"), DONE));
    const text = await (await cedarFetch({ ...QUICK, fetch })(`${CHAT}/stream`, POST)).text();
    expect(text).toContain(frame(2, "c"));
  });

  it("ends with an error that the chat shows when the rest cannot be had", async () => {
    const { fetch } = serverOf(stream(frame(1, "a")));
    const text = await (await cedarFetch({ ...QUICK, fetch })(`${CHAT}/stream`, POST)).text();
    expect(text).toContain('{"type":"progress_update","state":"error"');
  });

  it("comes back with the token of the moment", async () => {
    const { sent, fetch } = serverOf(stream(frame(1, "a")), stream(frame(2, "b"), DONE));
    const tokens = ["old", "fresh"];
    const send = cedarFetch({ ...QUICK, fetch, token: () => tokens.shift() });
    await (await send(`${CHAT}/stream`, { ...POST, headers: { authorization: "Bearer old" } })).text();
    expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer old", "Bearer fresh"]);
  });

  it("leaves the streams of other protocols at the same address as they are", async () => {
    const words = 'data: {"type":"finish"}\n\ndata: [DONE]\n\n';
    const { sent, fetch } = serverOf(new Response(words, { headers: { "content-type": "text/event-stream" } }));
    expect(await (await cedarFetch({ ...QUICK, fetch })(CHAT, POST)).text()).toBe(words);
    expect(sent).toHaveLength(1);
  });

  it("repeats a request that was lost before it was answered, under one key", async () => {
    const { sent, fetch } = serverOf(new Error("down"), new Response(null, { status: 503 }), Response.json({ content: "a" }));
    expect(await (await cedarFetch({ ...QUICK, fetch })(CHAT, POST)).json()).toEqual({ content: "a" });
    const keys = sent.map(({ headers }) => headers.get("idempotency-key"));
    expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("repeats a request whose answer broke off", async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error("down")) });
    const { sent, fetch } = serverOf(new Response(broken), Response.json({ content: "a" }, { headers: { "x-holdfast-run-id": "run_1" } }));
    const answer = await cedarFetch({ ...QUICK, fetch })(CHAT, POST);
    expect([await answer.json(), answer.headers.get("x-holdfast-run-id"), sent.length]).toEqual([{ content: "a" }, "run_1", 2]);
  });

  it.each(["https://example.com/api/chatter", "https://example.com/other", "https://elsewhere.com/api/chat"])("leaves %s alone", async (url) => {
    const { sent, fetch } = serverOf(new Response(null, { status: 503 }), stream());
    expect((await cedarFetch({ ...QUICK, fetch })(url, POST)).status).toBe(503);
    expect(sent.map(({ headers }) => [...headers.keys()])).toEqual([[]]);
  });
});
