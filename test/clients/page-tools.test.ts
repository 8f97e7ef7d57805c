import { describe, expect, test } from "vitest";
import type { ChatClient, ToolOutcome } from "./chat-client.ts";
import { decide, expectSettled, openAsking, reload, requestsOf, untilIdle } from "./asking-chat.ts";
import { KINDS, serverFor } from "./kinds.ts";
import { callsIn, partsOf, shownOf, textOf } from "./message-view.ts";
import { listRuns, loadMessages } from "./server-api.ts";

const DONE = "output-available";
const PICK = "call-pick";

/** Gives what the page's tool gave, and waits for what the chat sends by itself, if it does. */
async function give(client: ChatClient, outcome: ToolOutcome): Promise<void> {
  await client.give(PICK, outcome);
  await untilIdle(client);
}

describe.concurrent.each(KINDS)("$name", (kind) => {
  const server = serverFor(kind);

  test.each([[{ berth: 7 }], [false], [null], [0], [""], [[]]])("tells the model that a tool of the page gave %j, and sends that by itself", async (output) => {
    const chat = await openAsking(kind, server, [["pick"]], { sendsWhenComplete: "outcomes" });
    expect(callsIn(chat.client.messages[1])).toEqual({ pick: "input-available" });
    expect((await loadMessages(server, chat.chatId)).map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    await give(chat.client, { output });
    await expectSettled(chat, chat.client, { pick: DONE }, []);
    expect(partsOf(chat.client.messages[1])).toContainEqual(expect.objectContaining({ type: "tool-pick", output }));
    expect(textOf(chat.client.messages[1]).split(" pick:")[1]).toBe(JSON.stringify(output));
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200"]);
    await chat.proxy.close();
  });

  test("tells the model that a tool of the page failed", async () => {
    const chat = await openAsking(kind, server, [["pick"]], { sendsWhenComplete: "outcomes" });
    await give(chat.client, { state: "output-error", errorText: "no-berth" });
    await expectSettled(chat, chat.client, { pick: "output-error" }, []);
    expect(textOf(chat.client.messages[1])).toContain("no-berth");
    await chat.proxy.close();
  });

  test("takes nothing for null where a tool of the page returns nothing", async () => {
    const chat = await openAsking(kind, server, [["pick"]], { sendsWhenComplete: "outcomes" });
    await give(chat.client, { output: undefined });
    await expectSettled(chat, chat.client, { pick: DONE }, []);
    expect(textOf(chat.client.messages[1])).toMatch(/pick:null$/);
    await chat.proxy.close();
  });

  test("executes a tool of the page beside one of the server, whose result it has by then", async () => {
    const chat = await openAsking(kind, server, [["quote", "pick"]], { sendsWhenComplete: "outcomes" });
    expect(callsIn(chat.client.messages[1])).toEqual({ quote: DONE, pick: "input-available" });
    await give(chat.client, { output: 7 });
    await expectSettled(chat, chat.client, { quote: DONE, pick: DONE }, ["quote"]);
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200"]);
    await chat.proxy.close();
  });

  test("sends an approval and what a tool of the page gave together", async () => {
    const chat = await openAsking(kind, server, [["pay", "pick"]]);
    await give(chat.client, { output: 0 });
    expect(await requestsOf(chat)).toEqual(["POST 200"]);
    await decide(chat.client, "pay", true);
    await expectSettled(chat, chat.client, { pay: DONE, pick: DONE }, ["pay"]);
    expect(await requestsOf(chat)).toEqual(["POST 200", "POST 200"]);
    await chat.proxy.close();
  });

  test("executes the tool of the page after a reload", async () => {
    const chat = await openAsking(kind, server, [["pick"]], { sendsWhenComplete: "outcomes" });
    const client = await reload(chat, { sendsWhenComplete: "outcomes" });
    await client.resume();
    expect(callsIn(client.messages[1])).toEqual({ pick: "input-available" });
    await give(client, { output: false });
    await expectSettled(chat, client, { pick: DONE }, []);
    expect((await listRuns(server, chat.chatId)).map(({ status }) => status)).toEqual(["completed", "suspended"]);
    await chat.proxy.close();
  });
});

describe.concurrent.each(KINDS.filter((kind) => kind.reconnects))("$name that does not name its chat", (kind) => {
  test("sends what a tool of the page gave to where it was asked for", async () => {
    const chat = await openAsking(kind, serverFor(kind), [["pick"]], { isUnnamed: true, sendsWhenComplete: "outcomes" });
    const { threadId } = chat.client.messages[1]?.metadata as { readonly threadId: string };
    await give(chat.client, { output: "" });
    expect([chat.client.error, callsIn(chat.client.messages[1])]).toEqual([undefined, { pick: DONE }]);
    expect((await loadMessages(chat.server, threadId)).map(shownOf)).toEqual(chat.client.messages.map(shownOf));
    await chat.proxy.close();
  });
});
