import { ANY, ANY_OBJECT, arrayOf, COUNT, INSTANT, named, objectOf, TEXT, type JsonSchema } from "../../core/json-schema.ts";
import { RUN_STATUSES } from "../../core/run.ts";

const NEXT_CURSOR = { nextCursor: { type: "string", description: "The cursor of the next page, where there is one." } } as const;

export const INTERRUPT_STATUSES = ["pending", "answered", "expired", "canceled"] as const;

/** What the neutral API answers with, but for usage. */
export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Run: objectOf(
    {
      id: TEXT,
      threadId: TEXT,
      status: { type: "string", enum: [...RUN_STATUSES] },
      attempt: { ...COUNT, description: "How often a process began to work on it." },
      interrupts: { ...arrayOf(named("Interrupt")), description: "The questions of a run that is suspended or waiting, 100 at most." },
      createdAt: INSTANT,
    },
    {
      agentId: { ...TEXT, description: "The agent that it executes, where it is no workflow." },
      workflowId: { ...TEXT, description: "The workflow that it executes." },
      parentRunId: { ...TEXT, description: "The suspended run that this one goes on from." },
      endedAt: INSTANT,
      error: objectOf({ code: TEXT, message: TEXT }),
    },
  ),
  RunPage: objectOf({ runs: arrayOf(named("Run")) }, NEXT_CURSOR),
  Interrupt: objectOf(
    {
      id: TEXT,
      runId: TEXT,
      threadId: TEXT,
      agentId: TEXT,
      resourceId: { ...TEXT, description: "The owner of the run that asks." },
      kind: { type: "string", enum: ["tool-approval", "tool-suspend", "frontend-tool", "workflow-suspend"] },
      status: { type: "string", enum: [...INTERRUPT_STATUSES] },
      toolCallId: TEXT,
      toolName: TEXT,
      input: { description: "What the tool was called with." },
      createdAt: INSTANT,
    },
    {
      resumeSchema: { description: "JSON Schema of an acceptable answer." },
      payload: { description: "What the tool, or the step, gave when it suspended." },
      stepPath: { ...arrayOf(TEXT), description: "Of a workflow: the step that suspended, those it lies in before it." },
      expiresAt: INSTANT,
      answer: ANY,
      answeredAt: INSTANT,
      answeredBy: TEXT,
    },
  ),
  InterruptPage: objectOf({ interrupts: arrayOf(named("Interrupt")) }, NEXT_CURSOR),
  InterruptAnswered: objectOf(
    { interrupt: named("Interrupt") },
    { runId: { ...TEXT, description: "The run that goes on; left out while questions are open." } },
  ),
  AuditEntry: objectOf(
    { runId: TEXT, action: { type: "string", enum: ["approved", "declined", "answered", "canceled"] }, actor: TEXT, at: INSTANT },
    { interruptId: TEXT },
  ),
  Thread: objectOf(
    { id: TEXT, agentId: TEXT, createdAt: INSTANT, updatedAt: INSTANT },
    { title: TEXT, metadata: ANY_OBJECT, activeRunId: { ...TEXT, description: "The run that is active on the thread." } },
  ),
  ThreadPage: objectOf({ threads: arrayOf(named("Thread")) }, NEXT_CURSOR),
};
