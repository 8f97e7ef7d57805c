import { expect, test } from "vitest";
import { copiedValue } from "./copied-value.ts";

test("a copy shares nothing with what it was made from but what is neither plain nor kept", () => {
  class Money {
    readonly cents: number = 5;
  }
  const shared = { n: 1 };
  const value = {
    list: [shared, shared, undefined],
    map: new Map<unknown, unknown>([[shared, new Date(5)]]),
    set: new Set([shared]),
    bytes: new Uint8Array([1, 2]),
    buffer: Buffer.from("x"),
    ["__proto__"]: { n: 2 },
    money: new Money(),
  };
  const copy = copiedValue(value) as typeof value;
  expect(copy).toEqual(value);
  expect(copy.list[0]).not.toBe(shared);
  expect(copy.list[0]).toBe(copy.list[1]);
  expect([...copy.map.keys()][0]).toBe(copy.list[0]);
  expect(copy.bytes).not.toBe(value.bytes);
  expect(copy.buffer).not.toBe(value.buffer);
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(Object.hasOwn(copy, "__proto__")).toBe(true);
  expect(copy.money).toBe(value.money);
});

test("a copy of what contains itself does, too", () => {
  const value: unknown[] = [];
  value.push(value);
  const copy = copiedValue(value) as unknown[];
  expect(copy).not.toBe(value);
  expect(copy[0]).toBe(copy);
});
