import { Memory } from "@mastra/memory";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { START } from "../../src/core/offset.ts";
import type { Run } from "../../src/core/run.ts";
import { textOf, type ToolPart } from "../../src/core/transcript.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { ANN, openShop, textIn, type Shop, type ShopOptions } from "../engine/shop.ts";
import { openPlace, storageAt, type StorageKind, type StoragePlace } from "./storage.ts";

type MemoryOptions = NonNullable<ConstructorParameters<typeof Memory>[0]>["options"];
type Stored = Awaited<ReturnType<Memory["recall"]>>["messages"][number];

/** A shop whose agent keeps its threads in a storage that is named by a connection string. */
export interface Desk extends Shop {
  /** Resolves once a reader has seen an event that fits. */
  seen(run: Run, fits: (event: RunEvent) => boolean): Promise<void>;
}

/** A question, the run that answered it, and what the answer says; an empty text: there is none. */
export interface Turn {
  readonly question: string;
  readonly run: Run;
  readonly text: string;
}

export interface DeskOptions extends ShopOptions {
  readonly memory?: MemoryOptions;
}

/** Opens desks for the tests of the `describe` that calls it, each on a storage of its own; they are closed behind each test. */
export function desksOn(kind: StorageKind): (options: DeskOptions) => Promise<Desk> {
  let place: StoragePlace;
  const desks: Desk[] = [];
  beforeAll(async () => {
    place = await openPlace(kind);
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.close()));
  });
  afterAll(() => place.close());
  return async (options) => {
    const desk = await openDesk(await place.freshUrl(), options);
    desks.push(desk);
    return desk;
  };
}

export async function openDesk(url: string, { memory: options = {}, ...rest }: DeskOptions): Promise<Desk> {
  const storage = storageAt(url);
  const memory = new Memory({ storage, options: { lastMessages: 50, ...options } });
  const shop = await openShop({ ...rest, agent: { ...rest.agent, memory } });
  return {
    ...shop,
    get engine() {
      return shop.engine;
    },
    memory,
    async seen(run, fits) {
      for await (const batch of shop.engine.tail(run, START, new AbortController().signal)) if (batch.some((entry) => fits(entry.event))) return;
    },
    async close() {
      await shop.close();
      await storage.close();
    },
  };
}

/**
 * Holds a thread against the logs of its runs: every question once and every answer once, in order, each with the text and the tools
 * that the stream showed, in the memory itself and as the engine gives it to a page that reloads. Nothing else is kept of the owner.
 */
export async function expectThread(desk: Desk, threadId: string, turns: readonly Turn[]): Promise<void> {
  const stored = await storedMessages(desk, threadId);
  const shown = await desk.engine.messages(ANN, threadId);
  const expected = turns.flatMap(({ question, run, text }) => [[question, "user"], ...(text === "" ? [] : [[run.messageId, "assistant"]])]);
  expect(stored.map(({ id, role }) => [id, role])).toEqual(expected);
  expect(shown.map((message) => [message["id"], message["role"]])).toEqual(expected);
  for (const { run, text } of turns) {
    const transcript = transcriptOf(await desk.log(run));
    expect(textOf(transcript)).toBe(text);
    const answer = stored.find(({ id }) => id === run.messageId);
    const answerShown = shown.find((message) => message["id"] === run.messageId);
    expect(answer === undefined ? "" : textStored(answer)).toBe(text);
    expect(textIn(answerShown)).toBe(text);
    const tools = transcript.steps.flatMap((step) => step.parts.filter((part): part is ToolPart => part.type === "tool"));
    expect(toolsIn(answerShown)).toEqual(tools.filter(({ toolName }) => toolName !== "updateWorkingMemory").map(({ toolCallId }) => toolCallId));
  }
}

/** The messages of a thread as the memory has them, oldest first. What the memory keeps of the owner elsewhere fails the test. */
async function storedMessages(desk: Desk, threadId: string): Promise<readonly Stored[]> {
  const order = { perPage: false, orderBy: { field: "createdAt", direction: "ASC" } } as const;
  const { messages } = await desk.memory.recall({ threadId, ...ANN, ...order });
  const all = await desk.memory.listMessagesByResourceId({ ...ANN, ...order });
  const { threads } = await desk.memory.listThreads({ filter: ANN, perPage: false });
  expect(all.messages.every((message) => threads.some((thread) => thread.id === message.threadId))).toBe(true);
  expect(all.messages.filter((message) => message.threadId === threadId)).toHaveLength(messages.length);
  return messages;
}

function textStored(message: Stored): string {
  return message.content.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function toolsIn(message: JsonObject | undefined): readonly unknown[] {
  const parts = (message?.["parts"] ?? []) as readonly { readonly type: string; readonly toolCallId?: string }[];
  return parts.flatMap((part) => (part.type.startsWith("tool-") ? [part.toolCallId] : []));
}
