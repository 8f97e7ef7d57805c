import { expect, test } from "vitest";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";
import { stepsAround } from "./workflow-changes.ts";

test("the steps around a call are those that its try and its visit are of", () => {
  const records: readonly (readonly [callId: string, stepId: string, retryOf?: string])[] = [
    ["inner", "inner"],
    ["inner/deep", "deep"],
    ["inner~2", "inner", "inner"],
    ["inner~2/deep", "deep"],
    ["inner~2/deep#2", "deep"],
    ["inner~2/deep#2~2", "deep", "inner~2/deep#2"],
    ["a~2", "a~2"],
  ];
  const steps = new Map(
    records.map(([callId, stepId, retryOf]): [string, WorkflowStepRecord] => [
      callId,
      { callId, stepId, status: "suspended", executions: 1, ...(retryOf !== undefined && { retryOf }) },
    ]),
  );
  const around = (callId: string): readonly string[] => stepsAround(callId, { steps, hasResult: false });
  expect(around("inner~2/deep#2~2/c1")).toEqual(["inner", "deep"]);
  expect(around("inner/deep/c1/c2")).toEqual(["inner", "deep"]);
  expect(around("a~2/c1")).toEqual(["a~2"]);
  expect(around("c1")).toEqual([]);
});
