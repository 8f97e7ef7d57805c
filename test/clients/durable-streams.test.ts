import { randomUUID } from "node:crypto";
import { stream, type LiveMode } from "@durable-streams/client";
import { describe, expect, inject, test } from "vitest";
import { workflowV7 } from "./clients-v7.ts";
import { newestRun } from "./server-api.ts";
import { openGate } from "./server-process.ts";
import { askText, longText, RESEARCH_TEXT, type Ask } from "./server/script.ts";
import { until } from "./waiting.ts";

interface Message {
  readonly offset: string;
  readonly event: { readonly type: string; readonly text?: string };
}

interface Reading {
  readonly messages: readonly Message[];
  /** Where a later reader goes on. */
  readonly offset: string;
  readonly isClosed: boolean;
}

const server = inject("serverV7");

/** Starts a run whose text waits at a gate. */
async function startRun(ask: Ask): Promise<{ readonly url: string; readonly chatId: string; readonly ended: Promise<void> }> {
  const chatId = randomUUID();
  const ended = workflowV7.open({ baseUrl: server, chatId }).send(askText({ ...ask, hold: chatId }));
  await until(async () => (await fetch(`${server}/v1/runs?threadId=${chatId}`).then((response) => response.json() as Promise<{ runs: [] }>)).runs.length > 0, "it runs");
  return { url: `${server}/v1/runs/${(await newestRun(server, chatId)).id}/events`, chatId, ended };
}

/** Reads from an offset until the run is closed, or until what was read is enough. */
async function read(url: string, live: LiveMode, offset: string, onBatch: (text: string) => "leave" | void = () => undefined): Promise<Reading> {
  const response = await stream<Message>({ url, offset, live, json: true });
  const messages: Message[] = [];
  const reading = await new Promise<Reading>((resolve, reject) => {
    response.subscribeJson((batch) => {
      messages.push(...batch.items);
      const isLeft = onBatch(textOf(messages)) === "leave";
      if (batch.streamClosed || isLeft) resolve({ messages: [...messages], offset: batch.offset, isClosed: batch.streamClosed });
    });
    response.closed.catch(reject);
  });
  response.cancel();
  return reading;
}

function textOf(messages: readonly Message[]): string {
  return messages.map(({ event }) => (event.type === "text-delta" ? event.text : "")).join("");
}

describe.concurrent.each(["sse", "long-poll"] as const)("@durable-streams/client over %s", (live) => {
  test("reads a run while it runs, to its end", async () => {
    const { url, chatId, ended } = await startRun({ scenario: "research" });
    const { messages, isClosed } = await read(url, live, "-1", (text) => {
      if (text === "Oslo has 4 degrees") void openGate(server, chatId);
    });
    await ended;
    expect(isClosed).toBe(true);
    expect(textOf(messages)).toBe(RESEARCH_TEXT);
    expect(messages[0]?.event.type).toBe("run-started");
    expect(messages.at(-1)?.event.type).toBe("run-completed");
    const offsets = messages.map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)].toSorted());
  });

  test("goes on by offset where it left a run", async () => {
    const { url, chatId, ended } = await startRun({ scenario: "long", words: 300, at: 100 });
    const before = await read(url, live, "-1", (text) => (text === longText(100) ? "leave" : undefined));
    expect(before.isClosed).toBe(false);
    const resumed = read(url, live, before.offset);
    await openGate(server, chatId);
    const after = await resumed;
    await ended;
    expect(after.isClosed).toBe(true);
    expect(textOf([...before.messages, ...after.messages])).toBe(longText(300));
    expect([...before.messages, ...after.messages]).toEqual((await read(url, live, "-1")).messages);
  });
});
