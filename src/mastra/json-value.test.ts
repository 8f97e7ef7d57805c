import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toJson } from "./json-value.ts";

describe("a value becomes JSON", () => {
  const self: Record<string, unknown> = { name: "loop" };
  self["self"] = self;
  const shared = { n: 1 };
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ["a date is ISO text", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["an invalid date is null", new Date(Number.NaN), null],
    ["a bigint is text", 2n ** 70n, "1180591620717411303424"],
    ["a number that JSON has no word for is null", [Number.NaN, Infinity], [null, null]],
    ["functions, symbols and undefined are left out of objects", { f: () => 1, s: Symbol("s"), u: undefined, kept: 1 }, { kept: 1 }],
    ["they are null in lists, which keep their length", [undefined, () => 1, 2], [null, null, 2]],
    ["a hole in a list is null", [, 1], [null, 1]], // oxlint-disable-line no-sparse-arrays
    ["nothing is null", undefined, null],
    ["an error is its name and message, without the stack", new TypeError("bad"), { name: "TypeError", message: "bad" }],
    ["bytes are base64", new Uint8Array([1, 2, 255]), "AQL/"],
    ["a buffer is base64", Buffer.from("hi"), "aGk="],
    ["an array buffer is base64", new Uint8Array([1]).buffer, "AQ=="],
    ["other typed arrays are lists", new Float32Array([1.5, 2]), [1.5, 2]],
    ["a map with text keys is an object", new Map([["a", 1]]), { a: 1 }],
    ["another map is a list of pairs", new Map([[1, "x"]]), [[1, "x"]]],
    ["a set is a list", new Set([1, 2]), [1, 2]],
    ["a promise is null", Promise.resolve(1), null],
    ["a cycle is cut", self, { name: "loop" }],
    ["a value that is used twice stands twice", [shared, shared], [{ n: 1 }, { n: 1 }]],
    ["toJSON is asked", { toJSON: () => ({ secret: undefined, shown: 1 }) }, { shown: 1 }],
    ["a boxed value is unboxed", [Object("text"), Object(1)], ["text", 1]],
    ["an object without a prototype keeps its fields", Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
  ];
  test.each(cases)("%s", (_name, value, json) => {
    expect(toJson(value)).toEqual(json);
  });

  test("a getter that throws costs only the object it belongs to", () => {
    const broken = Object.defineProperty({}, "x", { enumerable: true, get: () => { throw new Error("no"); } }); // prettier-ignore
    expect(toJson({ broken, fine: 1 })).toEqual({ broken: null, fine: 1 });
  });

  test("a field named __proto__ stays a field", () => {
    const json = toJson(JSON.parse('{"__proto__":{"polluted":true}}')) as object;
    expect(Object.hasOwn(json, "__proto__")).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("a structure that shares its parts on every level ends", () => {
    let node: unknown = { leaf: true };
    for (let depth = 0; depth < 60; depth += 1) node = { left: node, right: node };
    expect(typeof toJson(node)).toBe("object");
  });

  test("whatever goes in, what comes out survives JSON unchanged", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true }), (value) => {
        const json = toJson(value);
        expect(JSON.parse(JSON.stringify(json))).toEqual(JSON.parse(JSON.stringify(toJson(json))));
        expect(toJson(json)).toEqual(json);
      }),
    );
  });
});
