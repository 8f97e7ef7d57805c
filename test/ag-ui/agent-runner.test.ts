import { lastValueFrom, toArray } from "rxjs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HoldfastAgentRunner, type CopilotKitEvent } from "../../src/copilotkit.ts";
import { last, openAgUiDesk, runInput, shownIn, textOf, type AgUiDesk } from "./desk.ts";

let desk: AgUiDesk;
let runner: HoldfastAgentRunner;
beforeEach(async () => {
  desk = await openAgUiDesk();
  runner = new HoldfastAgentRunner({ holdfast: desk.holdfast, principal: ({ headers }) => ({ resourceId: headers?.["x-user"] ?? "ann" }) });
});
afterEach(() => desk.close());

const agent = { agentId: "porter" };

function run(input: ReturnType<typeof runInput>): Promise<readonly CopilotKitEvent[]> {
  return lastValueFrom(runner.run({ threadId: input.threadId, agent, input }).pipe(toArray()));
}

function connect(threadId: string, headers?: Record<string, string>): Promise<readonly CopilotKitEvent[]> {
  return lastValueFrom(runner.connect({ threadId, ...(headers && { headers }) }).pipe(toArray()));
}

describe("the runner for CopilotKit's own runtime", () => {
  it("runs the agent that the page named, under the ids of the page", async () => {
    const input = runInput("hello");
    const events = await run(input);
    expect(events[0]).toMatchObject({ type: "RUN_STARTED", threadId: input.threadId, runId: input.runId });
    expect(textOf(events)).toBe("You said hello.");
    expect(last(events).type).toBe("RUN_FINISHED");
  });

  it("leaves what only the page has", async () => {
    const messages = [
      { id: "s", role: "system", content: "Speak Latin." },
      { id: "u1", role: "user", name: "Ann", content: "pay" },
    ];
    const events = await run(runInput("pay", { messages }));
    const snapshot = events.findLast(({ type }) => type === "MESSAGES_SNAPSHOT") as CopilotKitEvent & { readonly messages: readonly unknown[] };
    expect(snapshot.messages.slice(0, 2)).toEqual(messages);
  });

  it("lets a run go on whose page has gone, and shows it to the page that comes back", async () => {
    const input = runInput("wait");
    const seen: string[] = [];
    const subscription = runner.run({ threadId: input.threadId, agent, input }).subscribe(({ type }) => seen.push(type));
    await vi.waitFor(() => expect(seen).toContain("TEXT_MESSAGE_CONTENT"));
    subscription.unsubscribe();
    expect(await runner.isRunning({ threadId: input.threadId })).toBe(true);
    const connected = connect(input.threadId);
    desk.release();
    expect(shownIn(await connected)).toBe("Half of it. And the rest.");
    expect(await runner.isRunning({ threadId: input.threadId })).toBe(false);
  });

  it("shows nothing of a thread that is not known, or is somebody else's", async () => {
    const input = runInput("hello");
    await run(input);
    await expect(connect("another")).resolves.toEqual([]);
    await expect(connect(input.threadId, { "x-user": "bob" })).resolves.toEqual([]);
  });

  it("stops the run that is meant, and no newer one", async () => {
    const input = runInput("wait");
    const events = run(input);
    await vi.waitFor(async () => expect(await runner.isRunning({ threadId: input.threadId })).toBe(true));
    expect(await runner.stop({ threadId: input.threadId, runId: "another" })).toBe(false);
    expect(await runner.stop({ threadId: input.threadId, runId: input.runId })).toBe(true);
    expect(last(await events)).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "cancelled" } });
    expect(await runner.stop({ threadId: input.threadId })).toBe(false);
  });

  it("says on the stream why a run cannot begin, since the runtime shows nothing of an error", async () => {
    const busy = runInput("wait");
    const events = run(busy);
    await vi.waitFor(async () => expect(await runner.isRunning({ threadId: busy.threadId })).toBe(true));
    expect(await run(runInput("hello", { threadId: busy.threadId }))).toEqual([expect.objectContaining({ type: "RUN_ERROR", code: "THREAD_BUSY" })]);
    desk.release();
    await events;
  });
});
