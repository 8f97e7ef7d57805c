import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { resumableFetch } from "../../src/client/index.ts";
import { AG_UI_KINDS, failOnComplaints, replayOf, type AgUiClient, type AgUiKind } from "./ag-ui-client.ts";
import { answerOf, callsOf, shownBy, typesOf } from "./ag-ui-view.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { executedFor, listRuns } from "./server-api.ts";
import { freePort, openGate, ServerProcess } from "./server-process.ts";
import { askText, SETTLED_TEXT, VOYAGE_STATE, VOYAGE_TEXT, type Ask } from "./server/script.ts";
import { until } from "./waiting.ts";

let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "holdfast-ag-ui-restarts-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

failOnComplaints();

const PLACES = [
  { holdIn: "reasoning", lastSeen: '"delta":"Two"' },
  { holdIn: "tool-input", lastSeen: "TOOL_CALL_ARGS" },
  { holdIn: "text", lastSeen: "👩‍🚀" },
] as const satisfies readonly (Pick<Ask, "holdIn"> & { readonly lastSeen: string })[];

interface Restarted {
  readonly client: AgUiClient;
  readonly server: ServerProcess;
}

/** Kills the server while the answer is half there; another one takes its port and its files. */
async function killMidRun({ onTestFinished }: TestContext, kind: AgUiKind, place: (typeof PLACES)[number]): Promise<Restarted> {
  const settings = { folder: mkdtempSync(join(scratch, "server-")), port: await freePort(), aiSdkVersion: 7 } as const;
  const first = await ServerProcess.start(settings);
  onTestFinished(() => first.end("SIGKILL"));
  const proxy = await CuttingProxy.open(first.url);
  onTestFinished(() => proxy.close());
  const client = kind.open({ baseUrl: proxy.url, fetch: resumableFetch({ retries: 100, maxDelayMs: 1_000 }) });
  const asked = client.ask(askText({ scenario: "voyage", hold: client.threadId, holdIn: place.holdIn }));
  await until(() => proxy.events.some((data) => data.includes(place.lastSeen)), "the answer waits");
  await first.end("SIGKILL");
  const server = await ServerProcess.start(settings);
  onTestFinished(() => server.end("SIGKILL"));
  await openGate(server.url, client.threadId);
  await asked;
  return { client, server };
}

describe.each(PLACES)("a server that is killed in the $holdIn of an answer", (place) => {
  test.concurrent.for(AG_UI_KINDS)("is replaced, and the stream of $name goes on to the whole answer", { timeout: 180_000 }, async (kind, context) => {
    const { client, server } = await killMidRun(context, kind, place);
    expect(client.failures).toEqual([]);
    expect(typesOf(client.events).filter((type) => type === "RUN_STARTED")).toHaveLength(1);
    expect(typesOf(client.events).at(-1)).toBe("RUN_FINISHED");
    expect(answerOf(client)).toBe(VOYAGE_TEXT);
    expect(Object.keys(callsOf(client))).toEqual(expect.arrayContaining(["weather", "distance", "broken"]));
    expect(client.messages.filter(({ role }) => role === "reasoning")).toHaveLength(1);
    expect(client.state).toEqual(VOYAGE_STATE);
    expect(await listRuns(server.url, client.threadId)).toMatchObject([{ status: "completed", attempt: 2 }]);

    const replayed = await replayOf(kind, server.url, client);
    expect(client.events).toEqual(replayed.events);
    const late = kind.open({ baseUrl: server.url, threadId: client.threadId, route: "connect" });
    await late.run();
    expect(shownBy(late)).toEqual(shownBy(client));
  });
});

test.concurrent.for(AG_UI_KINDS)(
  "a question of $name is answered after the server was killed and replaced",
  { timeout: 180_000 },
  async (kind, { onTestFinished }) => {
    const settings = { folder: mkdtempSync(join(scratch, "server-")), port: await freePort(), aiSdkVersion: 7 } as const;
    const first = await ServerProcess.start(settings);
    onTestFinished(() => first.end("SIGKILL"));
    const client = kind.open({ baseUrl: first.url });
    await client.ask(askText({ scenario: "tools", steps: [["pay"]], chat: client.threadId }));
    await first.end("SIGKILL");
    const server = await ServerProcess.start(settings);
    onTestFinished(() => server.end("SIGKILL"));
    await client.run({ resume: client.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: true } })) });
    expect(client.failures).toEqual([]);
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} pay:{"did":"pay"}`);
    expect(await executedFor(server.url, client.threadId)).toEqual(["pay"]);
  },
);
