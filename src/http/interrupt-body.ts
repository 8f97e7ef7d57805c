import { z } from "zod";

// An answer may be any JSON value, so it stands in a field of its own: `{"answer":null}` is an answer, `{}` is none.
// The body was JSON, so its unknown values are, and they are handed on as they came.
export const answerBody: z.ZodType<{ answer: unknown }> = z
  .strictObject({ answer: z.unknown() })
  .refine((body) => Object.hasOwn(body, "answer"), { path: ["answer"], error: "Required" });
