import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { ChatClient, ChatClientOptions, ClientKind } from "./chat-client.ts";
import { CuttingProxy, type ProxyOptions } from "./cutting-proxy.ts";
import { callsIn, partsOf, shownOf, textOf } from "./message-view.ts";
import { executedFor, loadMessages } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText, SETTLED_TEXT, type Ask } from "./server/script.ts";
import { requestsAfterwards, until } from "./waiting.ts";

/** A chat whose answer stopped with questions. */
export interface AskingChat {
  readonly kind: ClientKind;
  readonly server: string;
  readonly chatId: string;
  readonly proxy: CuttingProxy;
  readonly client: ChatClient;
}

export interface AskingOptions extends Partial<Pick<ChatClientOptions, "sendsWhenComplete" | "fetch" | "isUnnamed" | "maxConsecutiveErrors">> {
  readonly proxy?: ProxyOptions;
  /** The answer waits behind so many words once all is settled; the key of the gate is the id of the chat. */
  readonly heldAt?: number;
  readonly body?: object;
}

/** What the model is asked for: the tools of each step, for a chat. */
export function toolsText(chat: string, steps: Ask["steps"], heldAt?: number): string {
  return askText({ scenario: "tools", steps, chat, ...(heldAt !== undefined && { hold: chat, at: heldAt }) });
}

/** Asks for tools, and waits until the run has asked back. By default, the chat sends when all approvals are decided. */
export async function openAsking(kind: ClientKind, server: string, steps: Ask["steps"], options: AskingOptions = {}): Promise<AskingChat> {
  const { proxy: proxyOptions, heldAt, body, sendsWhenComplete = "approvals", ...rest } = options;
  const chatId = randomUUID();
  const proxy = await CuttingProxy.open(server, proxyOptions);
  const client = kind.open({ baseUrl: proxy.url, chatId, sendsWhenComplete, ...rest });
  await client.send(toolsText(chatId, steps, heldAt), { body: { ...body } });
  expect(client.status).toBe("ready");
  return { kind, server, chatId, proxy, client };
}

/** The same chat in a page that was just loaded. */
export async function reload({ kind, server, chatId, proxy }: AskingChat, options: Pick<AskingOptions, "sendsWhenComplete"> = {}): Promise<ChatClient> {
  const messages = await loadMessages(server, chatId);
  return kind.open({ baseUrl: proxy.url, chatId, messages, sendsWhenComplete: options.sendsWhenComplete ?? "approvals" });
}

/** The id under which the approval of a tool's call is asked for. */
export function approvalIdOf(client: ChatClient, tool: string): string {
  const part = partsOf(client.messages.at(-1)).find(({ type, state }) => type === `tool-${tool}` && state === "approval-requested");
  return String((part?.["approval"] as { readonly id: string } | undefined)?.id);
}

/** Waits until nothing is on its way any more. */
export async function untilIdle(client: ChatClient): Promise<void> {
  await until(() => client.status === "ready" || client.status === "error", "the answer has ended");
}

/** Decides about a call, and waits for what the chat sends by itself, if it does. */
export async function decide(client: ChatClient, tool: string, approved: boolean, reason?: string): Promise<void> {
  await client.decide(approvalIdOf(client, tool), approved, reason);
  await untilIdle(client);
}

/** How many words an answer says before it waits, where it does not matter, and what they are. */
export const HELD_AT = 4;
const FIRST_WORDS = SETTLED_TEXT.split(" ").slice(0, HELD_AT).join(" ");

/** Waits until a client shows what a held answer has said. */
export async function untilHeld(client: ChatClient): Promise<void> {
  await until(() => textOf(client.messages[1]).endsWith(FIRST_WORDS), "the page shows the first words");
}

/** Resumes while the answer is held, and lets it go on. */
export async function resumeHeld({ server, chatId }: AskingChat, client: ChatClient): Promise<void> {
  const resumed = client.resume();
  await untilHeld(client);
  await openGate(server, chatId);
  await resumed;
}

/** Every request that the client has sent, and those it sends although it should be done. */
export async function requestsOf({ proxy }: AskingChat): Promise<readonly string[]> {
  await requestsAfterwards(() => proxy.exchanges.length);
  return proxy.exchanges.map(({ method, status }) => `${method} ${status}`);
}

/** That a chat ended with one whole answer: what the client shows, what a reload shows, and what was executed. */
export async function expectSettled(chat: AskingChat, client: ChatClient, calls: Readonly<Record<string, string>>, executed: readonly string[]): Promise<void> {
  const { server, chatId } = chat;
  const messages = await loadMessages(server, chatId);
  expect(client.error).toBeUndefined();
  expect(client.status).toBe("ready");
  expect(client.messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
  expect(callsIn(client.messages[1])).toEqual(calls);
  expect(textOf(client.messages[1])).toContain(SETTLED_TEXT);
  expect(messages.map(({ id }) => id)).toEqual(client.messages.map(({ id }) => id));
  expect(messages.map(shownOf)).toEqual(client.messages.map(shownOf));
  expect(await executedFor(server, chatId)).toEqual(executed);
}
