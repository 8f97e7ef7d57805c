import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { resilientFetch } from "../../src/client/index.ts";
import type { ChatClient, ClientKind, MessagePart } from "./chat-client.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { workflowV7 } from "./clients-v7.ts";
import { KINDS } from "./kinds.ts";
import { partsOf, RESEARCH_PARTS, RESEARCH_STEP, shownOf } from "./message-view.ts";
import { listRuns, loadMessages } from "./server-api.ts";
import { freePort, openGate, ServerProcess } from "./server-process.ts";
import { askText } from "./server/script.ts";
import { workflowV6 } from "./v6/clients-v6.ts";
import { requestsAfterwards, until } from "./waiting.ts";

// One question, a few that a server which is shutting down ends again, and one to the next server.
const MOST_ANSWERS = 5;
// Tries while nobody listens get rarer: twenty last for a minute and more.
const MOST_REQUESTS = 20;

let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "holdfast-restarts-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Place {
  readonly holdIn: "reasoning" | "tool-input" | "text";
  /** In the last event before the answer waits. */
  readonly lastSeen: string;
  /** What a client shows of the cut step that cannot take parts back: its parts, closed, and a mark. */
  readonly isMarkedBy: readonly MessagePart[];
}

const MARK: MessagePart = { type: "data-superseded", data: { attempt: 2 } };

const PLACES = {
  reasoning: {
    holdIn: "reasoning",
    lastSeen: '"delta":"Two',
    isMarkedBy: [{ type: "step-start" }, { type: "reasoning", id: "0.r", text: "Two", state: "done" }, MARK],
  },
  toolInput: {
    holdIn: "tool-input",
    lastSeen: "tool-input-delta",
    isMarkedBy: [
      ...RESEARCH_STEP.slice(0, 2),
      { type: "tool-weather", toolCallId: "call-weather", state: "output-error", input: {}, rawInput: '{"cit', errorText: "The call was cut off and is made again." },
      MARK,
    ],
  },
  text: { holdIn: "text", lastSeen: " degrees", isMarkedBy: [{ type: "step-start" }, { type: "text", text: "Oslo has 4 degrees", state: "done" }, MARK] },
} as const satisfies Record<string, Place>;

interface Restarted {
  readonly client: ChatClient;
  readonly proxy: CuttingProxy;
  readonly server: ServerProcess;
  readonly chatId: string;
}

/** Ends the server while the answer is half there; another one takes its place, its port and its files. */
async function restartMidRun({ onTestFinished }: TestContext, kind: ClientKind, signal: "SIGTERM" | "SIGKILL", place: Place = PLACES.text): Promise<Restarted> {
  const settings = { folder: mkdtempSync(join(scratch, "server-")), port: await freePort(), aiSdkVersion: kind.version };
  const first = await ServerProcess.start(settings);
  onTestFinished(() => first.end("SIGKILL"));
  const proxy = await CuttingProxy.open(first.url);
  onTestFinished(() => proxy.close());
  const chatId = randomUUID();
  const client = kind.open({ baseUrl: proxy.url, chatId, fetch: resilientFetch({ retries: MOST_REQUESTS }) });
  const sent = client.send(askText({ scenario: "research", hold: chatId, holdIn: place.holdIn }));
  await until(() => proxy.events.some((data) => data.includes(place.lastSeen)), "the answer waits");

  await first.end(signal);
  const server = await ServerProcess.start(settings);
  onTestFinished(() => server.end("SIGKILL"));
  if (!kind.reconnects) {
    await sent;
    expect(client.status).toBe("error");
    await Promise.all([openGate(server.url, chatId), client.resume()]);
  } else {
    await openGate(server.url, chatId);
    await sent;
  }
  await requestsAfterwards(() => proxy.exchanges.length);
  return { client, proxy, server, chatId };
}

describe.each(["SIGTERM", "SIGKILL"] as const)("a server that gets %s in the middle of an answer", (signal) => {
  test.concurrent.for(KINDS)("is replaced, and $name shows the whole message", { timeout: 180_000 }, async (kind, context) => {
    const { client, proxy, server, chatId } = await restartMidRun(context, kind, signal);
    expect(client.status).toBe("ready");
    expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(partsOf(client.messages[1])).toEqual(kind.version === 7 ? RESEARCH_PARTS : [...RESEARCH_STEP, ...PLACES.text.isMarkedBy, ...RESEARCH_PARTS.slice(-2)]);
    expect(proxy.events.includes('{"type":"reset-step"}')).toBe(kind.version === 7);
    expect(proxy.exchanges.filter(({ status }) => status !== undefined).length).toBeLessThanOrEqual(MOST_ANSWERS);
    expect(proxy.exchanges.length).toBeLessThanOrEqual(MOST_REQUESTS);

    expect(await listRuns(server.url, chatId)).toMatchObject([{ status: "completed", attempt: 2 }]);
    const [, answer, ...more] = await loadMessages(server.url, chatId);
    expect(more).toEqual([]);
    expect(answer?.id).toBe(client.messages[1]?.id);
    expect(shownOf(answer)).toEqual(shownOf({ id: "", role: "assistant", parts: RESEARCH_PARTS }));
    await server.end("SIGTERM");
    expect(server.exitCode).toBe(0);
  });
});

const PLACES_IN_STEP = [PLACES.reasoning, PLACES.toolInput];

describe.each(PLACES_IN_STEP)("a server that is killed in the $holdIn of a step", (place) => {
  test.concurrent.for([workflowV7, workflowV6])("is replaced, and $name shows the step as it is done again", { timeout: 180_000 }, async (kind, context) => {
    const { client, server, chatId } = await restartMidRun(context, kind, "SIGKILL", place);
    expect(client.status).toBe("ready");
    expect(client.messages).toHaveLength(2);
    expect(partsOf(client.messages[1])).toEqual([...(kind.version === 7 ? [] : place.isMarkedBy), ...RESEARCH_PARTS]);
    const [, answer] = await loadMessages(server.url, chatId);
    expect(shownOf(answer)).toEqual(shownOf({ id: "", role: "assistant", parts: RESEARCH_PARTS }));
  });
});
