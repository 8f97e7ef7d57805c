import { expect, it } from "vitest";
import { cedarStorage, type CedarThread } from "./cedar-storage.ts";

const thread = (id: string, title = "New Thread"): CedarThread => ({ id, title, updatedAt: "2026-01-01T00:00:00.000Z" });

const answer = (...runs: readonly string[]): object => ({ runs, isOfWorkflow: false });

/** A server with what a test says, by method and path; a list is taken from, one for each request. */
function serverOf(answers: Readonly<Record<string, unknown>>): {
  readonly storage: ReturnType<typeof cedarStorage>;
  readonly sent: string[];
  readonly loaded: unknown[];
} {
  const sent: string[] = [];
  const loaded: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    sent.push([request.method, pathname + search, request.headers.get("authorization"), body].filter(Boolean).join(" "));
    const given = answers[`${request.method} ${pathname}${search}`];
    const next: unknown = Array.isArray(given) ? given.shift() : given;
    if (typeof next === "number") return new Response(null, { status: next });
    return next === undefined ? new Response(null, { status: 404 }) : Response.json(next);
  };
  return {
    storage: cedarStorage({ baseURL: "https://example.com/", token: async () => "t", fetch, onLoaded: (...told) => loaded.push(...told) }),
    sent,
    loaded,
  };
}

it("lists the threads of the server, over all pages, and those that the page has just made", async () => {
  const { storage, sent } = serverOf({
    "GET /v1/threads?limit=100": { threads: [thread("a", "Tides")], nextCursor: "n" },
    "GET /v1/threads?limit=100&cursor=n": { threads: [{ ...thread("b"), title: undefined }] },
  });
  await storage.createThread("ann", "c", thread("c"));
  expect((await storage.listThreads("ann")).map(({ id, title }) => [id, title])).toEqual([
    ["c", "New Thread"],
    ["a", "Tides"],
    ["b", "Chat"],
  ]);
  expect(sent[0]).toBe("GET /v1/threads?limit=100 Bearer t");
});

it("renames a thread on the server only where the page has renamed it", async () => {
  const { storage, sent } = serverOf({ "GET /v1/threads?limit=100": { threads: [thread("a", "Tides")] } });
  await storage.listThreads("ann");
  await storage.updateThread("ann", "a", thread("a", "Tides"));
  await storage.updateThread("ann", "unknown", thread("unknown", "First words"));
  await storage.updateThread("ann", "unknown", thread("unknown", "Other words"));
  expect(sent).toHaveLength(1);
  await storage.updateThread("ann", "a", thread("a", "Moon"));
  expect(sent[1]).toBe('PATCH /v1/threads/a Bearer t {"title":"Moon"}');
});

it("keeps the new title of a thread that the server does not have yet", async () => {
  const { storage, sent } = serverOf({ "GET /v1/threads?limit=100": { threads: [] } });
  await storage.createThread("ann", "c", thread("c"));
  await storage.updateThread("ann", "c", thread("c", "Moon"));
  expect((await storage.listThreads("ann")).map(({ title }) => title)).toEqual(["Moon"]);
  await storage.updateThread("ann", "c", thread("c", "Moon"));
  expect(sent.filter((request) => request.startsWith("PATCH"))).toHaveLength(1);
});

it("tells the server the new title of a thread as soon as it has the thread", async () => {
  const unnamed = { ...thread("c"), title: undefined };
  const { storage, sent } = serverOf({
    "GET /v1/threads?limit=100": [{ threads: [thread("c")] }, { threads: [unnamed] }, { threads: [thread("c", "Moon")] }],
    "PATCH /v1/threads/c": [404, 503, {}],
  });
  await storage.createThread("ann", "c", thread("c"));
  await storage.updateThread("ann", "c", thread("c", "Moon"));
  for (const title of ["New Thread", "Moon", "Moon"]) expect(await storage.listThreads("ann")).toMatchObject([{ id: "c", title }]);
  expect(sent.filter((request) => request.startsWith("PATCH"))).toHaveLength(3);
});

it("does not fail a message whose thread can have no title on the server, since its agent has no memory", async () => {
  const { storage } = serverOf({
    "GET /v1/threads?limit=100": { threads: [thread("a", "Tides"), thread("b", "Moon")] },
    "PATCH /v1/threads/a": 422,
    "PATCH /v1/threads/b": 500,
  });
  await storage.listThreads("ann");
  expect(await storage.updateThread("ann", "a", thread("a", "Stars"))).toMatchObject({ title: "Stars" });
  await expect(storage.updateThread("ann", "b", thread("b", "Stars"))).rejects.toThrow("500");
});

it("leaves the answers of workflows to be shown that are under way when the messages are there", async () => {
  const [ended, underWay] = ["run_1", "run_2"].map((id) => ({ runs: [id], isOfWorkflow: true }));
  const open = (...answers: unknown[]): object => ({ threadId: "a", answers, questions: [] });
  const { storage, loaded } = serverOf({ "GET /api/chat/threads/a/cedar-open": [open(ended, underWay), open(underWay)] });
  await storage.loadMessages("ann", "a");
  await new Promise((resolve) => setTimeout(resolve));
  expect(loaded).toEqual(["a", [underWay]]);
});

it("shows what was said, of an answer that is an object its text, and stores nothing", async () => {
  const text = (of: string): object => ({ type: "text", text: of });
  const messages = [
    { id: "1", role: "user", parts: [text("Paint it "), { type: "file" }, text("red.")] },
    { id: "2", role: "assistant", parts: [{ type: "step-start" }, text('{"content":"Red.","actions":[]}')], metadata: { runId: "run_2" } },
    { id: "3", role: "assistant", parts: [text('{"degrees":4}')] },
    { id: "4", role: "assistant", parts: [{ type: "tool-paint" }] },
    { id: "6", role: "assistant", parts: [text("One "), text("moment."), { type: "tool-paint" }, text('{"text":"Done.","action":{"stateKey":"page"}}')] },
    { id: "7", role: "assistant", parts: [text('{"actions":[{"type":"setState"}]}'), { type: "data-cedar" }, text('{"type":"note","content":"x"}')] },
    { id: "5", role: "system", parts: [text("Hidden.")] },
  ];
  const { storage, sent, loaded } = serverOf({
    "GET /api/chat/threads/a%2Fb/cedar-open": { threadId: "its own", answers: [answer("run_1", "run_2"), answer("run_3")], questions: [] },
    "GET /api/chat/threads/new/cedar-open": { threadId: "new", answers: [], questions: [] },
    "GET /api/chat/its%20own/messages": { messages },
  });
  expect(await storage.loadMessages("ann", "a/b")).toEqual([
    { id: "1", role: "user", type: "text", content: "Paint it red." },
    { id: "2", role: "assistant", type: "text", content: "Red." },
    { id: "3", role: "assistant", type: "text", content: '{"degrees":4}' },
    { id: "6", role: "assistant", type: "text", content: "One moment." },
    { id: "6:2", role: "assistant", type: "text", content: "Done." },
    { id: "7", role: "assistant", type: "text", content: '{"type":"note","content":"x"}' },
  ]);
  await new Promise((resolve) => setTimeout(resolve));
  // The answer that has ended since is among the messages.
  expect(loaded).toEqual(["a/b", [answer("run_3")]]);
  const message = { id: "6" };
  expect(await storage.persistMessage("ann", "a/b", message)).toBe(message);
  expect(sent).toHaveLength(2);
  expect(await storage.loadMessages("ann", "new")).toEqual([]);
});
