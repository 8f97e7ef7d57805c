import { stream, type LiveMode } from "@durable-streams/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openReadTarget, type LiveRun, type ReadTarget } from "./read-target.ts";

interface Message {
  readonly offset: string;
  readonly event: { readonly type: string; readonly text?: string };
}

interface Reading {
  readonly messages: Message[];
  /** The offset to resume from, as the client tells it. */
  offset: string;
  isClosed: boolean;
}

let target: ReadTarget;

beforeAll(async () => {
  target = await openReadTarget();
});

afterAll(() => target.close());

/** Reads a run with the official client from an offset until it is closed, or until `isEnough`. */
async function read(
  run: LiveRun,
  live: LiveMode,
  offset: string,
  onBatch: (reading: Reading) => void,
  isEnough?: (reading: Reading) => boolean,
): Promise<Reading> {
  const response = await stream<Message>({ url: run.eventsUrl, headers: { ...run.headers }, offset, live, json: true });
  const reading: Reading = { messages: [], offset, isClosed: false };
  await new Promise<void>((resolve, reject) => {
    response.subscribeJson((batch) => {
      reading.messages.push(...batch.items);
      reading.offset = batch.offset;
      reading.isClosed = batch.streamClosed;
      onBatch(reading);
      if (reading.isClosed || isEnough?.(reading) === true) resolve();
    });
    // It resolves before the last batch is handed over, so only its failure is of use.
    response.closed.catch(reject);
  });
  const end = { ...reading, messages: [...reading.messages] };
  response.cancel();
  return end;
}

/** Whatever a server makes of neighbouring deltas, their text is the same. */
function textOf(messages: readonly Message[]): string {
  return messages.map(({ event }) => (event.type === "text-delta" ? event.text : "")).join("");
}

function expectInOrder(messages: readonly Message[]): void {
  const offsets = messages.map(({ offset }) => offset);
  expect(offsets).toEqual([...new Set(offsets)].toSorted());
}

/** Goes on with the run each time the client has all that was said, so that nothing is there before the client waits for it. */
function conversation(run: LiveRun, texts: readonly string[], alreadySaid = ""): (reading: Reading) => void {
  const left = [...texts];
  let said = alreadySaid;
  return ({ messages, isClosed }) => {
    if (isClosed || textOf(messages) !== said) return;
    const text = left.shift();
    said = text === undefined ? "nothing more" : said + text;
    void (text === undefined ? run.finish() : run.say(text));
  };
}

describe.each(["sse", "long-poll"] as const)("over %s", (live) => {
  test("the client reads a run while it is written, to its end", async () => {
    const run = await target.startRun();
    const { messages, isClosed } = await read(run, live, "-1", conversation(run, ["one ", "two ", "three"]));

    expect(isClosed).toBe(true);
    expect(textOf(messages)).toBe("one two three");
    expect(messages[0]?.event.type).toBe("run-started");
    expect(messages.at(-1)?.event.type).toBe("run-completed");
    expectInOrder(messages);
  });

  test("a client that left resumes by offset and gets what it missed, once", async () => {
    const run = await target.startRun();
    await run.say("one ");
    const before = await read(
      run,
      live,
      "-1",
      () => undefined,
      ({ messages }) => textOf(messages) === "one ",
    );
    await run.say("two ");
    const after = await read(run, live, before.offset, conversation(run, ["three"], "two "));
    const uncut = await read(run, live, "-1", () => undefined);

    expect([before.isClosed, after.isClosed]).toEqual([false, true]);
    expect(textOf(after.messages)).toBe("two three");
    expect([...before.messages, ...after.messages]).toEqual(uncut.messages);
  });

  test("a client that comes after the end gets the whole run and stops", async () => {
    const run = await target.startRun();
    await run.say("all of it");
    await run.finish();
    const { messages, isClosed, offset } = await read(run, live, "-1", () => undefined);
    expect(isClosed).toBe(true);
    expect(textOf(messages)).toBe("all of it");

    const again = await read(run, live, offset, () => undefined);
    expect(again).toEqual({ messages: [], offset, isClosed: true });
  });
});
