import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { AG_UI_KINDS, failOnComplaints } from "./ag-ui-client.ts";
import { answerOf, callsOf, shownBy } from "./ag-ui-view.ts";
import { openPage, type CopilotPage } from "./copilotkit/page.ts";
import { executedFor, listRuns, newestRun, untilRunIs } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { SAILING_AGENT } from "./server/mastra.ts";
import { askText, RESEARCH_REASONING, SETTLED_TEXT, VOYAGE_STATE, VOYAGE_TEXT } from "./server/script.ts";
import { until } from "./waiting.ts";

const server = inject("serverV7");
const FIRST_WORDS = "Die Überfahrt 東京 👩‍🚀";

beforeAll(() => {
  vi.stubGlobal("window", { location: { origin: "http://page.test" } });
});

afterAll(() => void vi.unstubAllGlobals());

failOnComplaints();

function open(threadId: string = randomUUID()): Promise<CopilotPage> {
  return openPage(`${server}/copilotkit`, SAILING_AGENT, threadId, randomUUID);
}

describe("a page of CopilotKit", () => {
  test("finds the agent with what it can do, and shows its answer", async () => {
    const page = await open();
    expect(page.capabilities).toMatchObject({ transport: { streaming: true, resumable: true } });
    await page.ask(askText({ scenario: "voyage" }));
    expect(page.errors).toEqual([]);
    expect(answerOf(page)).toBe(VOYAGE_TEXT);
    expect(page.messages.find(({ role }) => role === "reasoning")?.content).toBe(RESEARCH_REASONING);
    expect(callsOf(page)).toMatchObject({ weather: JSON.stringify({ city: "Oslo", degrees: 4, sky: "rain" }) });
    expect(page.state).toEqual(VOYAGE_STATE);
  });

  test.each(["reasoning", "tool-input", "text"] as const)("that is loaded again while the answer waits in its %s goes on with it, and so does a third tab", async (holdIn) => {
    const first = await open();
    const asked = first.ask(askText({ scenario: "voyage", hold: first.threadId, holdIn }));
    const lastSeen = { reasoning: "REASONING_MESSAGE_CONTENT", "tool-input": "TOOL_CALL_ARGS", text: "TEXT_MESSAGE_CONTENT" }[holdIn];
    await until(() => first.eventTypes.includes(lastSeen), "the answer waits");
    const loaded = await open(first.threadId);
    const connected = loaded.connect();
    await until(() => loaded.messages.length > 0, "the page shows what there is");
    expect(loaded.isRunning).toBe(true);
    const third = await open(first.threadId);
    const joined = third.connect();
    await until(() => third.messages.length > 0, "the third tab shows what there is");
    await openGate(server, first.threadId);
    await Promise.all([asked, connected, joined]);
    expect([first.errors, loaded.errors, third.errors]).toEqual([[], [], []]);
    expect(shownBy(loaded)).toEqual(shownBy(first));
    expect(shownBy(third)).toEqual(shownBy(first));
    expect(answerOf(loaded)).toBe(VOYAGE_TEXT);
  });

  test("that is loaded again shows a conversation that has ended, and goes on in it", async () => {
    const first = await open();
    await first.ask(askText({ scenario: "voyage" }));
    const loaded = await open(first.threadId);
    await loaded.connect();
    expect(shownBy(loaded)).toEqual(shownBy(first));
    await loaded.ask(askText({ scenario: "recall" }));
    expect(answerOf(loaded)).toBe("Before: 1 questions, 1 answers.");
    expect(loaded.errors).toEqual([]);
  });

  test("shows nothing, and no error, for a thread that is only thought of", async () => {
    const page = await open();
    await page.connect();
    expect(page.messages).toEqual([]);
    expect(page.errors).toEqual([]);
  });

  test("shows the same as an AG-UI client of either generation", async () => {
    const page = await open();
    await page.ask(askText({ scenario: "voyage" }));
    for (const kind of AG_UI_KINDS) {
      const late = kind.open({ baseUrl: server, threadId: page.threadId, route: "connect" });
      await late.run();
      expect(shownBy(late), kind.name).toEqual(shownBy(page));
    }
  });

  test("stops the run on the server, is done, and shows no error", async () => {
    const page = await open();
    const asked = page.ask(askText({ scenario: "voyage", hold: page.threadId }));
    await until(() => answerOf(page) === FIRST_WORDS, "the page shows the first words");
    page.stop();
    await asked;
    await untilRunIs("canceled", server, page.threadId);
    expect(page.isRunning).toBe(false);
    expect(page.errors).toEqual([]);
    expect(answerOf(page)).toBe(FIRST_WORDS);
    await page.ask(askText({ scenario: "recall" }));
    expect(answerOf(page)).toBe("Before: 1 questions, 1 answers.");
  });

  test("shows no error for a run that somebody else canceled", async () => {
    const page = await open();
    const asked = page.ask(askText({ scenario: "voyage", hold: page.threadId }));
    await until(() => answerOf(page) === FIRST_WORDS, "the page shows the first words");
    const { id } = await newestRun(server, page.threadId);
    await fetch(`${server}/v1/runs/${id}/cancel`, { method: "POST" });
    await asked;
    expect(page.isRunning).toBe(false);
    expect(page.errors).toEqual([]);
    expect(page.eventTypes.at(-1)).toBe("RUN_ERROR");
  });

  test("executes its own tool, and sends what that gave by itself", async () => {
    const page = await open();
    const inputs: unknown[] = [];
    page.offer("locate", async (input) => {
      inputs.push(input);
      return { berth: 7 };
    });
    await page.ask(askText({ scenario: "tools", steps: [["locate"]], chat: page.threadId }));
    await until(() => answerOf(page).startsWith(SETTLED_TEXT), "the answer is there");
    expect(inputs).toEqual([{ chat: page.threadId }]);
    expect(answerOf(page)).toBe(`${SETTLED_TEXT} locate:{"berth":7}`);
    expect(await listRuns(server, page.threadId)).toHaveLength(2);
    expect(page.errors).toEqual([]);
  });

  test.each([true, false])("decides about a call: %s", async (approved) => {
    const page = await open();
    await page.ask(askText({ scenario: "tools", steps: [["pay"]], chat: page.threadId }));
    expect(page.pendingInterrupts).toHaveLength(1);
    await page.run(page.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved } })));
    expect(answerOf(page)).toContain(SETTLED_TEXT);
    expect(await executedFor(server, page.threadId)).toEqual(approved ? ["pay"] : []);
    expect((await newestRun(server, page.threadId)).status).toBe("completed");
    expect(page.errors).toEqual([]);
  });

  test("is told that a thread is busy", async () => {
    const first = await open();
    const asked = first.ask(askText({ scenario: "voyage", hold: first.threadId }));
    await until(() => answerOf(first) === FIRST_WORDS, "the first page shows the first words");
    const second = await open(first.threadId);
    await second.ask(askText({ scenario: "recall" })).catch(() => undefined);
    expect(second.errors.length).toBeGreaterThan(0);
    for (const { message } of second.errors) expect(message).toContain("409");
    await openGate(server, first.threadId);
    await asked;
    expect(answerOf(first)).toBe(VOYAGE_TEXT);
  });
});
