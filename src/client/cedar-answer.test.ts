import { afterEach, expect, it, vi } from "vitest";
import { restoreAnswer } from "./cedar-answer.ts";
import type { CedarAnswer } from "./cedar-open.ts";

afterEach(() => vi.restoreAllMocks());

const answerOf = (runs: readonly string[]): CedarAnswer => ({ runs, isOfWorkflow: false });

/** As much of Cedar's store as the helper uses, and a server with these answers under way, whose streams have these frames. */
function page(runs: readonly (readonly string[])[], frames: readonly string[], fields: { readonly isProcessing?: boolean } = {}) {
  const shown: unknown[] = [];
  const busy: boolean[] = [];
  const asked: string[] = [];
  const state = {
    providerConfig: { baseURL: "https://example.com/api", apiKey: "t" },
    mainThreadId: "a/b",
    messages: [] as readonly unknown[],
    isProcessing: false,
    setIsProcessing: (isProcessing: boolean) => void busy.push(isProcessing),
    handleLLMResponse: async (items: readonly unknown[]) => void shown.push(...items),
    ...fields,
  };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const { url, headers } = new Request(input, init);
    asked.push(`${headers.get("authorization")} ${url}`);
    return url.endsWith("/cedar-open") ? Response.json({ threadId: "a/b", answers: runs.map(answerOf), questions: [] }) : new Response(frames.join(""));
  });
  return { store: { getState: () => state }, state, shown, busy, asked };
}

const frame = (data: object): string => `id: run_1:1.1\ndata: ${JSON.stringify(data)}\n\n`;
const DONE = "event: done\ndata:\n\n";

it("shows an answer that is under way from its beginning to its end", async () => {
  const progress = { type: "progress_update", state: "in_progress", text: "Reading." };
  const { store, shown, busy, asked } = page([["run_1"]], [": ping\n\n", frame(progress), frame({ content: "On the " }), frame({ content: "1\n" }), DONE]);
  expect(await restoreAnswer(store)).toBe(1);
  expect(shown).toEqual([progress, "On the ", "1\n"]);
  expect(busy).toEqual([true, false]);
  expect(asked).toEqual(["Bearer t https://example.com/api/chat/threads/a%2Fb/cedar-open", "Bearer t https://example.com/api/chat/runs/run_1/cedar-stream"]);
});

it("shows words with line ends of every kind as they were said", async () => {
  const words = "a\u2028data: b\u2029c\r\nd\re";
  const { store, shown } = page([["run_1"]], [frame({ content: words }), DONE]);
  await restoreAnswer(store);
  expect(shown).toEqual([words]);
});

it("shows those that are queued in their order", async () => {
  const { store, asked } = page([["run_1"], ["run_2"]], [DONE]);
  expect(await restoreAnswer(store)).toBe(2);
  expect(asked.slice(1).map((url) => url.slice(-"run_1/cedar-stream".length))).toEqual(["run_1/cedar-stream", "run_2/cedar-stream"]);
});

it("shows what was said before a question, without the question, and asks for nothing that it is told", async () => {
  const question = { type: "humanInTheLoop", runId: "run_1" };
  const { store, shown, asked } = page([], [frame({ content: "a" }), frame(question), DONE]);
  expect(await restoreAnswer(store, { answers: [answerOf(["run_1", "run_2"])] })).toBe(1);
  expect(shown).toEqual(["a", "a", question]);
  expect(asked).toHaveLength(2);
});

it("leaves a stream when it is told to, and is idle at once", async () => {
  const { store, shown, busy } = page([["run_1"]], []);
  const leaving = new AbortController();
  const isLeft = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(frame({ content: "a" }))),
    cancel: () => isLeft.resolve(),
  });
  vi.mocked(globalThis.fetch).mockImplementation(async () => new Response(body));
  const shownOne = vi.waitFor(() => expect(shown).toEqual(["a"]));
  const restored = restoreAnswer(store, { answers: [answerOf(["run_1"])], signal: leaving.signal });
  await shownOne;
  leaving.abort();
  expect(busy).toEqual([true, false]);
  await Promise.all([restored, isLeft.promise]);
});

it("leaves an answer to the page that asked for it, and does nothing where none is under way", async () => {
  const own = page([["run_1"]], [frame({ content: "Twice" })], { isProcessing: true });
  expect(await restoreAnswer(own.store)).toBe(0);
  const none = page([], []);
  expect(await restoreAnswer(none.store)).toBe(0);
  expect([own.shown, own.busy, none.busy]).toEqual([[], [], []]);
});

it("shows nothing in a thread that is left in the meantime", async () => {
  const { store, state, shown } = page([["run_1"]], [frame({ content: "a" }), frame({ content: "b" })]);
  state.handleLLMResponse = async (items) => {
    shown.push(...items);
    state.mainThreadId = "other";
  };
  await restoreAnswer(store, { threadId: "a/b" });
  expect(shown).toEqual(["a"]);
});
