import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorText } from "./error-text.ts";

describe("the text of an error", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["is the message of an Error", new Error("the model is overloaded"), "the model is overloaded"],
    ["is a string as it stands", "no such model", "no such model"],
    ["is found in an error chunk's payload", { error: new Error("refused") }, "refused"],
    ["is found in a provider's part inside the payload", { type: "error", error: { message: "rate limit" } }, "rate limit"],
    ["is found in what a provider wraps twice", { type: "error", error: { type: "error", error: { message: "overloaded" } } }, "overloaded"],
    ["is the first of several", new AggregateError([new Error("first"), new Error("second")]), "first"],
    ["is the cause of an error that says nothing", new Error("", { cause: new Error("socket closed") }), "socket closed"],
    ["is the name where there is no message", Object.assign(new Error(""), { name: "TimeoutError" }), "TimeoutError"],
    ["is one line", "first line\n    at run (/srv/app/index.js:1:2)", "first line"],
    [
      "has what is listed behind it",
      "Step input validation failed: \n- n: expected a number\n- : expected an object\n    at run",
      "Step input validation failed: n: expected a number; expected an object",
    ],
    ["skips empty lines", "\n\n  second  \nthird", "second"],
    ["has no absolute path", "cannot open /srv/app/secret.txt, sorry", "cannot open …, sorry"],
    ["has no quoted path with spaces in it", "open '/Users/Jo Doe/x.txt' failed", "open … failed"],
    ["has no file URL", "failed in file:///srv/app/index.js:10:5 (x)", "failed in … (x)"],
    ["has no Windows path", "cannot open C:\\app\\x.txt now", "cannot open … now"],
    ["has no web address", "GET https://api.example.com/v1/models said 404", "GET [address] said 404"],
    ["keeps fractions and alternatives", "1/2 of the and/or cases, 3 / 4", "1/2 of the and/or cases, 3 / 4"],
    ["is never empty", "", "An error occurred."],
    ["is never only a path", "/srv/app/index.js", "An error occurred."],
    ["says so for nothing", undefined, "An error occurred."],
    ["says so for an object without a message", { code: 5 }, "An error occurred."],
  ];
  test.each(cases)("%s", (_name, error, text) => {
    expect(errorText(error)).toBe(text);
  });

  test("is at most 500 characters", () => {
    const text = errorText(`${"x".repeat(498)}😀${"y".repeat(10_000)}`);
    expect(text).toHaveLength(499);
    expect(text.endsWith("x…")).toBe(true);
  });

  test("ends for an error that is its own cause", () => {
    const error: { error?: unknown } = {};
    error.error = error;
    expect(errorText(error)).toBe("An error occurred.");
  });

  test("comes out of anything", () => {
    fc.assert(
      fc.property(fc.anything(), (error) => {
        const text = errorText(error);
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(500);
        expect(text).not.toContain("\n");
      }),
    );
  });
});
