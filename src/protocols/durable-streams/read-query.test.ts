import { expect, test } from "vitest";
import { HoldfastError } from "../../core/error.ts";
import { offsetOf, START } from "../../core/offset.ts";
import { parseReadQuery, startOf } from "./read-query.ts";

const HEAD = { tail: offsetOf(7), isClosed: false };

function parse(query: string): ReturnType<typeof parseReadQuery> {
  return parseReadQuery(new URLSearchParams(query));
}

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return HoldfastError.is(error) ? error.code : String(error);
  }
  return "none";
}

test("a read begins at the start unless the request says otherwise", () => {
  expect(startOf(parse(""), HEAD)).toBe(START);
  expect(startOf(parse("offset=-1"), HEAD)).toBe(START);
  expect(startOf(parse("offset=0000000000000003"), HEAD)).toBe(3);
  expect(startOf(parse("offset=now"), HEAD)).toBe(7);
});

test("a live mode, a cursor and unknown parameters are read as they come", () => {
  expect(parse("offset=-1&live=sse&cursor=12&color=red")).toEqual({ start: START, live: "sse", cursor: "12" });
  expect(parse("offset=now&live=long-poll")).toEqual({ start: "now", live: "long-poll", cursor: undefined });
});

test.each(["offset=", "offset=3", "offset=0,1", "offset=0 1", "offset=-2", "offset=NOW", "offset=-1&offset=-1", "offset=00000000000000003"])(
  "%s is no offset",
  (query) => {
    expect(codeOf(() => parse(query))).toBe("OFFSET_INVALID");
  },
);

test("an offset behind the tail is refused, since nobody was given it", () => {
  expect(codeOf(() => startOf(parse("offset=0000000000000008"), HEAD))).toBe("OFFSET_INVALID");
});

test("a live read without an offset or in an unknown mode is refused", () => {
  expect(codeOf(() => parse("live=sse"))).toBe("INPUT_INVALID");
  expect(codeOf(() => parse("live=long-poll"))).toBe("INPUT_INVALID");
  expect(codeOf(() => parse("offset=-1&live=websocket"))).toBe("INPUT_INVALID");
});
