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

  test("is refused where no log can hold all of it: no part is left out in silence", () => {
    let deep: unknown = "bottom";
    for (let level = 0; level < 250; level += 1) deep = { deep };
    expect(() => keptValue({ deep })).toThrow("is nested too deep, or holds too much");
    // Each level holds the one below it twice.
    let wide: unknown = {};
    for (let level = 0; level < 20; level += 1) wide = [wide, wide];
    expect(() => keptValue(wide)).toThrow("is nested too deep, or holds too much");
  });

  test("is bytes again, whatever held them", () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const given = { buffer: bytes.buffer, view: new DataView(bytes.buffer, 1) };
    expect(restoredValue(logged(given))).toEqual({ buffer: bytes.buffer, view: new Uint8Array([2, 3]) });
  });

  test("is one of Node's buffers again, which are read as text in many ways", () => {
    const { file } = restoredValue(logged({ file: Buffer.from("é") })) as { file: Buffer };
    expect(file.toString("utf8")).toBe("é");
  });

  test("is null where it cannot be read to its end", () => {
    const list: unknown[] = [new Date(5), 2];
    Object.defineProperty(list, 1, {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    expect(restoredValue(logged({ list }))).toEqual({ list: null });
  });
});
