import * as fc from "fast-check";
import { expect, test } from "vitest";
import { offsetOf, START } from "../../core/offset.ts";
import { controlEvent, dataEvent, entityTag, matchesTag, positionHeaders } from "./position.ts";

const PART = { next: offsetOf(4), isUpToDate: false, isClosed: false };
const TAIL = { ...PART, isUpToDate: true };
const END = { ...TAIL, isClosed: true };

test("the headers of a position", () => {
  expect(positionHeaders(PART)).toEqual({ "Stream-Next-Offset": "0000000000000004" });
  expect(positionHeaders({ ...TAIL, cursor: "9" })).toEqual({ "Stream-Next-Offset": "0000000000000004", "Stream-Up-To-Date": "true", "Stream-Cursor": "9" });
});

test("at the end of a closed stream no cursor is told", () => {
  expect(positionHeaders({ ...END, cursor: "9" })).toEqual({ "Stream-Next-Offset": "0000000000000004", "Stream-Up-To-Date": "true", "Stream-Closed": "true" });
  expect(controlEvent({ ...END, cursor: "9" })).toBe('event: control\ndata:{"streamNextOffset":"0000000000000004","streamClosed":true,"upToDate":true}\n\n');
});

test("the control events of a position", () => {
  expect(controlEvent({ ...PART, cursor: "9" })).toBe('event: control\ndata:{"streamNextOffset":"0000000000000004","streamCursor":"9"}\n\n');
  expect(controlEvent({ ...TAIL, cursor: "9" })).toBe('event: control\ndata:{"streamNextOffset":"0000000000000004","streamCursor":"9","upToDate":true}\n\n');
});

test("a payload of any text stays one data event", () => {
  expect(dataEvent("[1]")).toBe("event: data\ndata:[1]\n\n");
  expect(dataEvent("a\r\n\r\nevent: control\rb\n")).toBe("event: data\ndata:a\ndata:\ndata:event: control\ndata:b\ndata:\n\n");
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("\r", "\n", "a", ":", "event: control") }), (payload) => {
      const lines = dataEvent(payload).split(/\r\n|\r|\n/);
      expect(lines.slice(1, -2).every((line) => line.startsWith("data:"))).toBe(true);
      expect(lines.slice(-2)).toEqual(["", ""]);
    }),
  );
});

test("the entity tag changes with the range, with more data behind it and with the end", () => {
  const tags = [
    entityTag("run", START, PART),
    entityTag("run", START, TAIL),
    entityTag("run", START, END),
    entityTag("run", offsetOf(1), END),
    entityTag("ran", START, END),
  ];
  expect(new Set(tags).size).toBe(tags.length);
  expect(entityTag('a"b', START, END)).toBe('"a%22b:0-4:closed"');
});

test("If-None-Match matches one of a list, a weak tag and the star", () => {
  const tag = entityTag("run", START, TAIL);
  expect([tag, `"other", ${tag}`, `W/${tag}`, "*"].map((header) => matchesTag(header, tag))).toEqual([true, true, true, true]);
  expect([null, "", '"other"', tag.slice(1, -1)].map((header) => matchesTag(header, tag))).toEqual([false, false, false, false]);
});
