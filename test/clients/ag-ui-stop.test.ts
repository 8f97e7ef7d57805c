import { describe, expect, inject, test } from "vitest";
import { AG_UI_KINDS, failOnComplaints } from "./ag-ui-client.ts";
import { answerOf, callsOf } from "./ag-ui-view.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { newestRun, untilRunIs } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText } from "./server/script.ts";
import { requestsAfterwards, until } from "./waiting.ts";

const server = inject("serverV7");
const FIRST_WORDS = "Die Überfahrt 東京 👩‍🚀";

failOnComplaints();

describe.concurrent.each(AG_UI_KINDS)("abortRun() of $name", (kind) => {
  test("ends the run on the server, keeps what was said, and is not told as a success", async () => {
    const proxy = await CuttingProxy.open(server);
    const client = kind.open({ baseUrl: proxy.url });
    const asked = client.ask(askText({ scenario: "voyage", hold: client.threadId }));
    await until(() => answerOf(client) === FIRST_WORDS, "the page shows the first words");
    client.abort();
    await asked;
    await untilRunIs("canceled", server, client.threadId);
    expect(client.events.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "abort" });
    expect(answerOf(client)).toBe(FIRST_WORDS);
    await until(() => proxy.exchanges.length === 2 && proxy.exchanges[1]?.status !== undefined, "the cancel is answered");
    expect(proxy.exchanges[1]).toMatchObject({ method: "POST", path: `/v1/runs/${client.runs[0]?.serverRunId}/cancel`, status: 200 });
    expect(await requestsAfterwards(() => proxy.exchanges.length)).toBe(0);
    await proxy.close();

    const late = kind.open({ baseUrl: server, threadId: client.threadId, route: "connect" });
    await late.run();
    expect(answerOf(late)).toBe(FIRST_WORDS);
    expect(callsOf(late)).toEqual(callsOf(client));
    const end = late.events.at(-1);
    if (kind.generation === "1.0") expect(end).toMatchObject({ type: "RUN_FINISHED", outcome: { type: "cancelled" } });
    else expect(end).toMatchObject({ type: "RUN_ERROR", code: "abort" });
  });

  test("while the connection is lost ends the run on the server too", async () => {
    const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index === 0 ? { after: 4, by: "end" } : undefined) });
    const client = kind.open({ baseUrl: proxy.url });
    const asked = client.ask(askText({ scenario: "voyage", hold: client.threadId }));
    await until(() => proxy.exchanges.length > 1, "the page has come back");
    client.abort();
    await asked;
    await untilRunIs("canceled", server, client.threadId);
    await proxy.close();
  });

  test("leaves the thread free for the next question", async () => {
    const client = kind.open({ baseUrl: server });
    const asked = client.ask(askText({ scenario: "voyage", hold: client.threadId }));
    await until(() => answerOf(client) === FIRST_WORDS, "the page shows the first words");
    client.abort();
    await asked;
    await untilRunIs("canceled", server, client.threadId);
    await client.ask(askText({ scenario: "recall" }));
    expect(answerOf(client)).toBe("Before: 1 questions, 1 answers.");
    expect(client.events.at(-1)?.type).toBe("RUN_FINISHED");
  });

  test("is not what a page does that only leaves: the run goes on", async () => {
    const proxy = await CuttingProxy.open(server);
    const client = kind.open({ baseUrl: proxy.url });
    const asked = client.ask(askText({ scenario: "voyage", hold: client.threadId }));
    await until(() => answerOf(client) === FIRST_WORDS, "the page shows the first words");
    await client.leave();
    await asked;
    expect(await requestsAfterwards(() => proxy.exchanges.length)).toBe(0);
    expect(proxy.exchanges).toHaveLength(1);
    expect((await newestRun(server, client.threadId)).status).toBe("running");
    await openGate(server, client.threadId);
    await untilRunIs("completed", server, client.threadId);
    await proxy.close();
  });
});
