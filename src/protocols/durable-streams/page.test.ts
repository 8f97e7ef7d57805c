import { expect, test } from "vitest";
import { offsetOf, START } from "../../core/offset.ts";
import { readPage } from "./page.ts";
import { jsonFormat, type StreamBatch, type StreamReader } from "./stream-reader.ts";

const LIMITS = { maxMessages: 3, maxChars: 100 };
const { signal } = new AbortController();

function batch(offsets: readonly number[], content = "1", isClosed = false): StreamBatch {
  return { messages: offsets.map((offset) => ({ offset: offsetOf(offset), content })), next: offsetOf(offsets.at(-1) ?? 0), isClosed };
}

function reader(batches: readonly StreamBatch[]): StreamReader {
  return {
    id: "run",
    format: jsonFormat,
    head: () => Promise.reject(new Error("not asked for")),
    async *follow() {
      yield* batches;
    },
  };
}

test("a page goes over as many batches as it takes to reach the tail", async () => {
  const page = await readPage(reader([batch([1]), batch([2, 3]), batch([4])]), START, offsetOf(3), LIMITS, signal);
  expect(page).toEqual({ contents: ["1", "1", "1"], next: 3, isUpToDate: true, isClosed: false });
});

test("a full page ends in the middle of a batch and is not up to date", async () => {
  const page = await readPage(reader([batch([1, 2, 3, 4])]), START, offsetOf(4), LIMITS, signal);
  expect(page).toEqual({ contents: ["1", "1", "1"], next: 3, isUpToDate: false, isClosed: false });
});

test("a page ends before the message that would make it too large", async () => {
  const page = await readPage(reader([batch([1, 2], "x".repeat(60))]), START, offsetOf(2), LIMITS, signal);
  expect(page).toMatchObject({ next: 1, isUpToDate: false });
});

test("a message that is larger than a page goes out alone", async () => {
  const page = await readPage(reader([batch([1, 2], "x".repeat(101))]), START, offsetOf(2), LIMITS, signal);
  expect(page).toMatchObject({ contents: ["x".repeat(101)], next: 1 });
});

test("the page that holds the last message of a closed stream says so, the one before does not", async () => {
  const closed = [batch([1, 2, 3, 4], "1", true)];
  expect(await readPage(reader(closed), START, offsetOf(4), LIMITS, signal)).toMatchObject({ next: 3, isClosed: false });
  expect(await readPage(reader([batch([4], "1", true)]), offsetOf(3), offsetOf(4), LIMITS, signal)).toMatchObject({
    next: 4,
    isUpToDate: true,
    isClosed: true,
  });
});

test("a read that is cut short before the tail is not up to date", async () => {
  expect(await readPage(reader([batch([1])]), START, offsetOf(2), LIMITS, signal)).toEqual({ contents: ["1"], next: 1, isUpToDate: false, isClosed: false });
});

test("a wait that is cut short leaves its reader where it was, up to date", async () => {
  expect(await readPage(reader([]), offsetOf(2), offsetOf(2), LIMITS, signal)).toEqual({ contents: [], next: 2, isUpToDate: true, isClosed: false });
});
