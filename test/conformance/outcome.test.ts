import { expect, test } from "vitest";
import { compare, resultsOf } from "./outcome.ts";

const passed = { name: "reads > from an offset", status: "passed", message: "" } as const;
const failed = { name: "forks > a stream", status: "failed", message: "expected 501 to be 201" } as const;
const list = [{ reason: "no forks", tests: [failed.name] }];

test("a listed failure is no difference", () => {
  expect(compare([passed, failed], list)).toEqual({ passed: 1, failed: 1, skipped: 0, differences: [] });
});

test("a failure that is not listed is a difference", () => {
  expect(compare([passed, failed], []).differences).toEqual([expect.stringContaining("failed, but is not on the list: forks > a stream")]);
});

test("a listed test that passes, is skipped or did not run is a difference", () => {
  expect(compare([{ ...failed, status: "passed" }], list).differences).toEqual(["is on the list, but passed: forks > a stream"]);
  expect(compare([{ ...failed, status: "skipped" }], list).differences).toEqual(["is on the list, but was skipped: forks > a stream"]);
  expect(compare([passed], list).differences).toEqual(["is on the list, but did not run: forks > a stream"]);
});

test("two tests of one name are a difference", () => {
  expect(compare([passed, passed], []).differences).toHaveLength(1);
});

test("a test file that could not be loaded is a failure", () => {
  const report = { testResults: [{ name: "/suite.test.ts", message: "Cannot find module", assertionResults: [] }] };
  expect(resultsOf(JSON.stringify(report))).toEqual([{ name: "/suite.test.ts", status: "failed", message: "Cannot find module" }]);
});
