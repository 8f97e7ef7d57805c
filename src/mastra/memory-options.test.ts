import { expect, test } from "vitest";
import type { JsonObject } from "../core/json.ts";
import type { Run } from "../core/run.ts";
import { memoryOptionsOf } from "./memory-options.ts";

const asking = (memoryOptions?: JsonObject): Run => ({
  id: "run_1",
  threadId: "t",
  resourceId: "ann",
  agentId: "a",
  status: "running",
  attempt: 1,
  crashes: 0,
  messageId: "m",
  input: { messages: [], trigger: "submit", ...(memoryOptions && { memoryOptions }) },
  billingPolicy: "delivered",
  cancelRequested: false,
  createdAt: 0,
});

test("the options of a request stand over the agent's, as they come", () => {
  const given = { lastMessages: false, semanticRecall: { topK: 2, messageRange: 1 }, workingMemory: { enabled: true }, threads: { generateTitle: true } };
  expect(memoryOptionsOf({ lastMessages: 5, generateTitle: true }, asking(given))).toEqual({ generateTitle: true, ...given });
  expect(memoryOptionsOf({ lastMessages: 5 }, asking())).toEqual({ lastMessages: 5 });
});

test("a request can have nothing written that would not be, and sets nothing else", () => {
  expect(memoryOptionsOf({ readOnly: true }, asking({ readOnly: false }))).toEqual({ readOnly: true });
  expect(memoryOptionsOf(undefined, asking({ readOnly: "no" }))).toEqual({});
  expect(memoryOptionsOf(undefined, asking({ readOnly: true }))).toEqual({ readOnly: true });
  expect(memoryOptionsOf(undefined, asking({ observationalMemory: true, generateTitle: { model: "x/y" } }))).toEqual({});
});

test("the agent's own options are left as they are", () => {
  const own = { lastMessages: 5 };
  memoryOptionsOf(own, asking({ lastMessages: 1 }));
  expect(own).toEqual({ lastMessages: 5 });
});
