import { describe, expect, test } from "vitest";
import type { Json } from "../core/json.ts";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";
import { WorkflowVisits } from "./workflow-visits.ts";

function visitsOf(...records: readonly (readonly [callId: string, stepId: string, input: Json])[]): WorkflowVisits {
  const steps = new Map(
    records.map(([callId, stepId, input]): [string, WorkflowStepRecord] => [callId, { callId, stepId, input, status: "success", executions: 1 }]),
  );
  return new WorkflowVisits({ steps, hasResult: false });
}

const siblings = new Set(["check", "turn", "item"]);

describe("the visits of a workflow's steps", () => {
  test("are numbered from the second time on, within the workflow that they lie in", () => {
    const visits = new WorkflowVisits(undefined);
    const enter = (prefix: string): string => visits.enter({ prefix, stepId: "check", siblings }).callId;
    expect([enter(""), enter(""), enter("order/"), enter(""), enter("order/")]).toEqual(["check", "check#2", "order/check", "check#3", "order/check#2"]);
  });

  test("are those of the log, in its order, before they are new ones", () => {
    const visits = visitsOf(["turn", "turn", 1], ["turn#2", "turn", 2]);
    const enter = (): unknown => visits.enter({ prefix: "", stepId: "turn", siblings });
    expect([enter(), enter(), enter()]).toMatchObject([{ callId: "turn", record: {} }, { callId: "turn#2", record: {} }, { callId: "turn#3" }]);
  });

  test("are of the step that the log names, also where its name looks like a number or a path", () => {
    const visits = visitsOf(["page#1", "page#1", 1], ["page#1#2", "page#1", 2], ["in/page", "in/page", 3], ["in/page", "page", 4]);
    const enter = (prefix: string, stepId: string): unknown => visits.enter({ prefix, stepId, siblings }).record?.input;
    expect([enter("", "page#1"), enter("", "page#1"), enter("in/", "page"), enter("", "page")]).toEqual([1, 2, 4, undefined]);
  });

  test("tell of a step that the log holds and that should have come first", () => {
    const visits = visitsOf(["one", "one", 1], ["left", "left", 1], ["in/deep", "deep", 1]);
    const enter = (stepId: string, ...others: readonly string[]): unknown =>
      visits.enter({ prefix: "", stepId, siblings: new Set([stepId, ...others]) }).missed;
    expect([enter("zero"), enter("one"), enter("right", "left"), enter("last"), enter("left"), enter("last")]).toEqual([
      "one",
      undefined,
      undefined,
      "left",
      undefined,
      undefined,
    ]);
  });

  test("of a list's items are known by their items, whichever comes first", () => {
    const visits = visitsOf(["item", "item", { n: 1, m: 2 }], ["item#2", "item", { n: 5 }], ["item#3", "item", { n: 5 }]);
    const enter = (input: Json): string => visits.enter({ prefix: "", stepId: "item", siblings, input }).callId;
    expect([enter({ n: 5 }), enter({ n: 9 }), enter({ m: 2, n: 1 }), enter({ n: 5 }), enter({ n: 5 })]).toEqual([
      "item#2",
      "item#4",
      "item",
      "item#3",
      "item#5",
    ]);
  });

  test("of an item that is nothing are known by that", () => {
    const steps = new Map([["item", { callId: "item", stepId: "item", status: "success" as const, executions: 1 }]]);
    const visits = new WorkflowVisits({ steps, hasResult: false });
    expect(visits.enter({ prefix: "", stepId: "item", siblings, input: null })).toMatchObject({ callId: "item", record: {} });
  });
});
