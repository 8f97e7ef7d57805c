import { expect, test } from "vitest";
import type { Json } from "../../core/json.ts";
import { setterArgs, settersIn } from "./setter-args.ts";

const wrapped = (schema: Json): Json => ({ $ref: "#/definitions/args", definitions: { args: schema }, $schema: "http://json-schema.org/draft-07/schema#" });
const OBJECT = { type: "object", properties: { a: { type: "number" } } };

test.each<[string, Json, Json | undefined, Json | undefined]>([
  ["one object for an object", [{ a: 1 }], OBJECT, { a: 1 }],
  ["one object for an object that is referred to", [{ a: 1 }], wrapped(OBJECT), { a: 1 }],
  ["nothing for an object", [], OBJECT, {}],
  ["several values for an object, as they are", [1, 2], OBJECT, [1, 2]],
  ["a list for a list", [1, 2], { type: "array" }, [1, 2]],
  ["one value for a text", ["x"], { type: "string" }, "x"],
  ["one value for a truth", [false], wrapped({ type: "boolean" }), false],
  ["a list for a setter without a schema", [{ a: 1 }], undefined, [{ a: 1 }]],
  ["one object for a schema that was lost on the way", [{ a: 1 }], wrapped({}), { a: 1 }],
  ["several values for a schema that was lost on the way", [1, 2], {}, [1, 2]],
  ["what is no list, as it is", { a: 1 }, { type: "array" }, { a: 1 }],
])("an action gives its setter %s", (_, args, argsSchema, expected) => {
  expect(setterArgs(args, { setterKey: "s", stateKey: "k", ...(argsSchema !== undefined && { argsSchema }) })).toEqual(expected);
});

test("a setter that nobody knows is given the list", () => {
  expect(setterArgs([{ a: 1 }], undefined)).toEqual([{ a: 1 }]);
  expect(setterArgs(undefined, undefined)).toBeUndefined();
});

test("setters are found in what the page tells, and nonsense is none", () => {
  expect(settersIn({ stateSetters: { s: { name: "s", stateKey: "k", argsSchema: {} }, broken: 7, stateless: {} } })).toEqual([
    { setterKey: "s", stateKey: "k", argsSchema: {} },
  ]);
  for (const nonsense of [undefined, null, [], "x", { stateSetters: [] }]) expect(settersIn(nonsense)).toEqual([]);
});
