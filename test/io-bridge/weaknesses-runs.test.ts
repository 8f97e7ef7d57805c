import { afterEach, describe, expect, test, vi } from "vitest";
import { call, hang, say, wait, type Script } from "../../src/testkit/scripted-model.ts";
import { readEvents, runBody, startRun, textOf, typesOf } from "./events.ts";
import { runNamed } from "./holding.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(async () => {
  vi.useRealTimers();
  await close();
});

/** Charges, waits until it is let go, then says so. */
function charging(): { readonly script: Script; readonly release: () => void } {
  const gate = Promise.withResolvers<void>();
  const script: Script = (_prompt, number) => (number === 1 ? [call("add", { a: 1, b: 2 })] : [say("Paid "), wait(gate.promise), say("three.")]);
  return { script, release: () => gate.resolve() };
}

describe.each(MOUNTS)("through %s", (mount) => {
  test("a run outlives its connection: a retry of the request attaches to it, and nothing is done twice", async () => {
    const { script, release } = charging();
    const host = await open({ mount, script });
    const body = runBody({});
    const cut = await startRun(host, body);
    const { frameId } = await cut.until("TOOL_CALL_RESULT");
    await cut.drop();
    const retried = await startRun(host, body);
    const resumed = await startRun(host, body, { headers: { "last-event-id": frameId } });
    release();
    expect(textOf(await retried.rest())).toBe("Paid three.");
    expect(typesOf([...cut.seen, ...(await resumed.rest())])).toEqual(typesOf(retried.seen));
    expect(host.executed).toEqual(["add"]);
    expect(host.model.requests).toHaveLength(2);
  });

  test("a second tab that sends the same request sees the answer so far and the rest of it", async () => {
    const { script, release } = charging();
    const host = await open({ mount, script });
    const body = runBody({});
    const tabs = [await startRun(host, body)];
    await tabs[0]?.until("TEXT_MESSAGE_CONTENT");
    tabs.push(await startRun(host, body), await startRun(host, body));
    await tabs[2]?.until("TEXT_MESSAGE_CONTENT");
    release();
    for (const tab of tabs) expect(textOf(await tab.rest())).toBe("Paid three.");
    expect(tabs.map(({ seen }) => seen.map(({ frameId }) => frameId).at(-1))).toEqual(Array(3).fill(tabs[0]?.seen.at(-1)?.frameId));
  });

  test("a lost connection stops nothing, a cancel does, and both generations of clients are told in their own terms", async () => {
    for (const [protocolVersion, end] of [
      ["1.0", { type: "RUN_FINISHED", outcome: { type: "cancelled" } }],
      [undefined, { type: "RUN_ERROR", code: "abort" }],
    ] as const) {
      const host = await open({ mount, script: [[say("On and "), hang()]] });
      const body = runBody(protocolVersion === undefined ? {} : { protocolVersion });
      const left = await startRun(host, body);
      await left.until("TEXT_MESSAGE_CONTENT");
      await left.drop();
      const events = await startRun(host, body);
      const run = await runNamed(host, body.runId);
      expect(run.status).toBe("running");
      if (mount === "holdfast serve") expect((await host.send("POST", `/v1/runs/${run.id}/cancel`)).status).toBeLessThan(300);
      else await host.engine.cancel({ resourceId: "ann" }, run.id);
      expect((await events.rest()).at(-1)).toMatchObject(end);
    }
  });

  test("a second run on a busy thread is refused with a body, before any stream", async () => {
    const { script, release } = charging();
    const host = await open({ mount, script });
    const body = runBody({});
    const events = await startRun(host, body);
    const { threadId } = body;
    const second = await host.send("POST", "/io-bridge/run", { body: runBody({ threadId }) });
    expect([second.status, await json(second)]).toEqual([409, { error: expect.any(String) as string, code: "THREAD_BUSY" }]);
    release();
    await events.rest();
  });

  test("a client that resends its whole history has every message stored once, under the ids that it streamed", async () => {
    const host = await open({ mount, script: (_prompt, number) => [say(`Answer ${number}.`)] });
    const messages: { id: string; role: string; content: string }[] = [];
    const { threadId } = runBody({});
    for (const turn of [1, 2, 3]) {
      messages.push({ id: `question-${mount}-${turn}`, role: "user", content: `Question ${turn}` });
      const events = await (await startRun(host, runBody({ threadId, messages }))).rest();
      const id = String(events.find(({ type }) => type === "TEXT_MESSAGE_START")?.["messageId"]);
      messages.push({ id, role: "assistant", content: textOf(events) });
    }
    const stored = await json<{ id: string; role: string }[]>(await host.send("GET", `/io-bridge/threads/${threadId}/messages`));
    expect(stored.map(({ id, role }) => ({ id, role }))).toEqual(messages.map(({ id, role }) => ({ id, role })));
  });

  test("a quiet stream is kept alive with comments", async () => {
    const host = await open({ mount, script: [[say("Wait."), hang()]] });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const response = await host.send("POST", "/io-bridge/run", { body: runBody({}), headers: { accept: "text/event-stream" } });
    const [watched, counted] = response.body?.tee() ?? [];
    const events = readEvents(new Response(watched ?? null));
    await events.until("TEXT_MESSAGE_CONTENT");
    const bytes = counted?.getReader();
    let text = "";
    const next = events.until("RUN_FINISHED").catch(() => undefined);
    for (let count = 0; (text.match(/^: /gm) ?? []).length < 3; count += 1) {
      vi.advanceTimersByTime(15_000);
      text += new TextDecoder().decode((await bytes?.read())?.value);
      expect(count).toBeLessThan(20);
    }
    await Promise.all([events.drop().catch(() => undefined), bytes?.cancel()]);
    await next;
  });

  test("a run whose server went away has its end written by the next one", async () => {
    const gate = Promise.withResolvers<void>();
    const host = await open({ mount, script: (_prompt, number) => (number === 1 ? [say("Half"), hang()] : [say("Whole."), wait(gate.promise)]) });
    const body = runBody({});
    const events = await startRun(host, body);
    await events.until("TEXT_MESSAGE_CONTENT");
    await host.restart();
    gate.resolve();
    const whole = await (await startRun(host, body)).rest();
    expect(typesOf(whole).filter((type) => type === "RUN_FINISHED" || type === "RUN_ERROR")).toEqual(["RUN_FINISHED"]);
    expect(typesOf(whole).at(-1)).toBe("RUN_FINISHED");
  });
});
