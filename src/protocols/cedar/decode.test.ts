import { expect, it } from "vitest";
import { z } from "zod";
import { decodeMessage } from "./decode.ts";

const asked = (schema: unknown): unknown => decodeMessage(JSON.stringify({ prompt: "x", schema })).schema;

it("a JSON Schema is what the answer has to fit", () => {
  const schema = z.toJSONSchema(z.object({ degrees: z.number() }));
  expect(asked(schema)).toEqual(schema);
});

it.each([
  ["an object of zod's", z.object({ degrees: z.number() })],
  ["a choice of zod's", z.enum(["high", "low"])],
  ["an object of zod 3's", { _def: { typeName: "ZodObject", unknownKeys: "strip" }, _cached: null }],
  ["nothing", {}],
])("%s that was put into JSON describes nothing, and is ignored", (_, schema) => {
  expect(asked(schema)).toBeUndefined();
});
