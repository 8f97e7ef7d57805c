import { expect, test } from "vitest";
import { finishReasonOf } from "./finish-reason.ts";

test.each([
  ["stop", "stop"],
  ["length", "length"],
  ["content-filter", "content-filter"],
  ["tool-calls", "tool-calls"],
  ["error", "error"],
  ["other", "other"],
  ["unknown", "other"],
  ["tripwire", "other"],
  ["retry", "other"],
  ["aborted", "other"],
  ["MALFORMED_FUNCTION_CALL", "other"],
  [{ unified: "length", raw: "max_tokens" }, "length"],
  [{ unified: { unified: "stop", raw: "end_turn" }, raw: undefined }, "stop"],
  ["undefined", undefined],
  ["", undefined],
  [undefined, undefined],
  [{ raw: "stop" }, undefined],
  [7, undefined],
])("the finish reason %j is %s", (value, reason) => {
  expect(finishReasonOf(value)).toBe(reason);
});
