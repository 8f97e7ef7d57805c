import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keptValue, restoredValue, type KeptValue } from "./kept-value.ts";

/** As it is when another process reads it. */
const logged = (value: unknown): KeptValue => JSON.parse(JSON.stringify(keptValue(value))) as KeptValue;

describe("a value that the log keeps", () => {
  test.each<[string, unknown]>([
    ["a date", { at: new Date(5), never: new Date(Number.NaN) }],
    ["a map and a set", { byName: new Map([["a", new Set([1, new Date(1)])]]), byPair: new Map([[{ id: 1 }, new Map()]]) }],
    ["a large integer", [10n ** 20n, { deep: [-1n] }]],
    ["bytes", new Uint8Array([0, 255])],
    ["numbers that JSON has not", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]],
    ["items that are not there", [undefined, 1, [undefined]]],
    ["nothing", undefined],
    ["null", null],
    ["a part that stands in two places", [{ at: new Date(1) }, { at: new Date(1) }]],
  ])("is %s again", (_name, value) => {
    expect(restoredValue(logged(value))).toEqual(value);
  });

  test("has no mark where JSON says it all", () => {
    expect(keptValue({ a: [1, "x", null, true] })).toEqual({ json: { a: [1, "x", null, true] } });
  });

  test("is refused where it contains itself", () => {
    const own: { list: unknown[] } = { list: [] };
    own.list.push(own);
    expect(() => keptValue({ own })).toThrow("contains itself, at $.own.list.0");
  });

  test("is the same the second time, whatever it is", () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withTypedArray: true }), (value) => {
        const first = restoredValue(logged(value));
        expect(restoredValue(logged(first))).toEqual(first);
      }),
    );
  });
});
