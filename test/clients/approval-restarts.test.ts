import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resilientFetch } from "../../src/client/index.ts";
import { approvalIdOf, decide, expectSettled, HELD_AT, openAsking, reload, untilHeld, untilIdle, type AskingChat } from "./asking-chat.ts";
import { KINDS } from "./kinds.ts";
import { callsIn, shownOf } from "./message-view.ts";
import { answerQuestion, executedFor, listRuns } from "./server-api.ts";
import { freePort, openGate, ServerProcess } from "./server-process.ts";

const DONE = "output-available";

// Two servers start one after the other, on a machine that others use too.
const BOUND_MS = 180_000;

let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "holdfast-approvals-"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(KINDS)("$name, of whose server another process takes the place,", (kind) => {
  let server: ServerProcess;
  let halfAnswered: AskingChat;
  let unanswered: AskingChat;
  let givenUp: AskingChat;
  let goingOn: AskingChat;
  let resumed: Promise<void>;

  /** Every chat stands at its questions, or goes on from them, when the process is killed. */
  beforeAll(async () => {
    const settings = { folder: mkdtempSync(join(scratch, "server-")), port: await freePort(), aiSdkVersion: kind.version };
    const first = await ServerProcess.start(settings);
    halfAnswered = await openAsking(kind, first.url, [["pay", "quote", "book"]]);
    await answerQuestion(first.url, halfAnswered.chatId, "pay", { approved: true });
    unanswered = await openAsking(kind, first.url, [["pay"]]);
    givenUp = await openAsking(kind, first.url, [["pick"]], { sendsWhenComplete: "outcomes" });
    goingOn = await openAsking(kind, first.url, [["pay", "quote"]], { heldAt: HELD_AT, fetch: resilientFetch() });
    await goingOn.client.decide(approvalIdOf(goingOn.client, "pay"), true);
    await untilHeld(goingOn.client);
    await first.end("SIGKILL");

    server = await ServerProcess.start(settings);
    if (!kind.reconnects) await untilIdle(goingOn.client);
    resumed = kind.reconnects ? untilIdle(goingOn.client) : goingOn.client.resume();
  }, BOUND_MS);

  afterAll(async () => {
    await server.end("SIGTERM");
    for (const { proxy } of [halfAnswered, unanswered, givenUp, goingOn]) await proxy.close();
  });

  test("the second of two approvals is given in the chat, the first one was given elsewhere, and both tools run once and in order", async () => {
    expect(await executedFor(server.url, halfAnswered.chatId)).toEqual(["quote"]);
    await decide(halfAnswered.client, "book", true);
    await halfAnswered.client.submit();
    await expectSettled(halfAnswered, halfAnswered.client, { pay: DONE, quote: DONE, book: DONE }, ["quote", "pay", "book"]);
    expect((await listRuns(server.url, halfAnswered.chatId)).map(({ status }) => status)).toEqual(["completed", "suspended"]);
  });

  test("a page that is loaded shows the question of before, and answers it", async () => {
    const page = await reload(unanswered);
    expect(callsIn(page.messages[1])).toEqual({ pay: "approval-requested" });
    expect(approvalIdOf(page, "pay")).toBe(approvalIdOf(unanswered.client, "pay"));
    await decide(page, "pay", true);
    await expectSettled(unanswered, page, { pay: DONE }, ["pay"]);
  });

  test("a tool of the page gives to the run of before", async () => {
    await givenUp.client.give("call-pick", { output: 0 });
    await untilIdle(givenUp.client);
    await expectSettled(givenUp, givenUp.client, { pick: DONE }, []);
  });

  test("a run that had gone on is taken over, and shown whole in the message of before", async () => {
    await openGate(server.url, goingOn.chatId);
    await resumed;
    expect(goingOn.client.messages).toHaveLength(2);
    expect([goingOn.client.error, goingOn.client.status, callsIn(goingOn.client.messages[1])]).toEqual([undefined, "ready", { pay: DONE, quote: DONE }]);
    const [run] = await listRuns(server.url, goingOn.chatId);
    expect(run).toMatchObject({ status: "completed", attempt: 2 });
    const page = await reload(goingOn);
    await expectSettled(goingOn, page, { pay: DONE, quote: DONE }, ["quote", "pay"]);
    // Version 6 cannot take back what the killed process said, and has it before the same words.
    expect(shownOf(goingOn.client.messages[1]).at(-1)).toEqual(shownOf(page.messages[1]).at(-1));
    if (kind.version === 7) expect(shownOf(goingOn.client.messages[1])).toEqual(shownOf(page.messages[1]));
  });
});
