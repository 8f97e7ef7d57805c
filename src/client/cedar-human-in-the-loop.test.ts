import { expect, it, vi } from "vitest";
import { registerHumanInTheLoop, type HumanInTheLoopOptions } from "./cedar-human-in-the-loop.ts";
import { restoreQuestions } from "./cedar-questions.ts";
import type { CedarStreamEvent } from "./cedar-store.ts";

type Setter = { execute(current: unknown, setValue: (value: unknown) => void, args: readonly unknown[]): Promise<void> | undefined };

/** As much of Cedar's store as the helpers use; its requests are answered with the given events. */
function page(events: readonly CedarStreamEvent[] = [], options: HumanInTheLoopOptions = {}) {
  const states: Record<string, unknown> = { userId: "ann" };
  const requests: Record<string, unknown>[] = [];
  const shown: unknown[] = [];
  const messages: unknown[] = [];
  const setters: Record<string, Setter> = {};
  const state = {
    providerConfig: { baseURL: "https://example.com/api", apiKey: "t" },
    mainThreadId: "trip",
    messages,
    registerState: ({ key, value, stateSetters }: { key: string; value: unknown; stateSetters: Record<string, Setter> }) => {
      states[key] = value;
      Object.assign(setters, stateSetters);
    },
    getCedarState: (key: string) => states[key],
    setCedarState: (key: string, value: unknown) => void (states[key] = value),
    compileAdditionalContext: () => ({ cart: {} }),
    setIsProcessing: () => undefined,
    streamLLM: (request: Record<string, unknown>, handler: (event: CedarStreamEvent) => void) => {
      requests.push(request);
      return { completion: Promise.resolve().then(() => events.forEach(handler)) };
    },
    handleLLMResponse: async (items: readonly unknown[]) => {
      shown.push(...items);
      messages.push(...items);
    },
  };
  states["humanInTheLoop"] = { run_1: { state: "suspended", stepPath: [["int_1"]] }, "run_1:2": { state: "suspended", stepPath: [["int_2"]] } };
  const store = { getState: () => state };
  registerHumanInTheLoop(store, options);
  const press = (button: "resume" | "cancel", ...args: readonly unknown[]) =>
    setters[button]?.execute(states["humanInTheLoop"], (value) => void (states["humanInTheLoop"] = value), args);
  return { store, press, requests, shown, stateOf: (id: string) => (states["humanInTheLoop"] as Record<string, { state: string }>)[id]?.state };
}

it("sends the answer once, with nothing from the editor, and shows what comes of it", async () => {
  const { press, requests, shown, stateOf } = page([
    { type: "chunk", content: "Paid." },
    { type: "object", object: [{ type: "a" }, { type: "b" }] },
    { type: "done" },
  ]);
  await Promise.all([press("resume", "run_1", { approved: true }), press("resume", "run_1", { approved: true })]);
  expect(requests).toEqual([
    {
      route: "/chat/resume",
      prompt: "",
      runId: "run_1",
      stepPath: [["int_1"]],
      resumeData: { approved: true },
      additionalContext: { cart: {} },
      resourceId: "ann",
      threadId: "trip",
    },
  ]);
  expect(shown).toEqual(["Paid.", { type: "a" }, { type: "b" }]);
  expect([stateOf("run_1"), stateOf("run_1:2")]).toEqual(["resumed", "suspended"]);
});

it("opens the question again when the answer could not be sent", async () => {
  const onError = vi.fn<(error: unknown, runId: string) => void>();
  const failure = new Error("down");
  const { press, stateOf, requests } = page([{ type: "error", error: failure }], { onError });
  await press("resume", "run_1", undefined);
  expect(onError).toHaveBeenCalledExactlyOnceWith(failure, "run_1");
  expect(stateOf("run_1")).toBe("suspended");
  expect(requests[0]?.["resumeData"]).toBeNull();
});

it("leaves the question answered when what comes of it breaks off, and says so", async () => {
  const onError = vi.fn<(error: unknown, runId: string) => void>();
  const failure = new Error("cut");
  const { press, stateOf } = page(
    [
      { type: "chunk", content: "Pa" },
      { type: "error", error: failure },
    ],
    { onError },
  );
  await press("resume", "run_1", { approved: true });
  expect(onError).toHaveBeenCalledExactlyOnceWith(failure, "run_1");
  expect(stateOf("run_1")).toBe("resumed");
});

it("cancels the run of any of its questions", async () => {
  const cancelRun = vi.fn<(runId: string) => Promise<unknown>>(() => Promise.resolve());
  const { press, stateOf } = page([], { cancelRun });
  await press("cancel", "run_1:2");
  await press("cancel", "run_1:2");
  await press("cancel", "unknown");
  expect(cancelRun).toHaveBeenCalledExactlyOnceWith("run_1");
  expect([stateOf("run_1"), stateOf("run_1:2")]).toEqual(["cancelled", "cancelled"]);
});

it("shows the open questions of a thread again, each once", async () => {
  const { store, shown } = page();
  const questions = ["int_1", "int_2"].map((id) => ({ type: "humanInTheLoop", status: "suspended", runId: `run_${id}`, stepPath: [[id]] }));
  const asked: string[] = [];
  const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(async (url) => {
    asked.push(new Request(url).url);
    return Response.json({ threadId: "trip", answers: [], questions });
  });
  expect(await restoreQuestions(store)).toBe(2);
  expect(await restoreQuestions(store)).toBe(0);
  expect(await restoreQuestions(store, { threadId: "elsewhere" })).toBe(0);
  fetch.mockRestore();
  expect(shown).toEqual(questions);
  expect(asked.at(-1)).toBe("https://example.com/api/chat/threads/elsewhere/cedar-open");
});
