import type { Interrupt } from "../core/interrupt.ts";
import type { JsonObject } from "../core/json.ts";
import type { Run } from "../core/run.ts";
import { interruptJson } from "./interrupt-json.ts";
import { isoTime } from "./iso-time.ts";

/** A run as the API shows it. Times are ISO 8601. */
export function runJson(run: Run, interrupts: readonly Interrupt[]): JsonObject {
  return {
    id: run.id,
    threadId: run.threadId,
    ...(run.input.workflow === undefined ? { agentId: run.agentId } : { workflowId: run.agentId }),
    status: run.status,
    attempt: run.attempt,
    parentRunId: run.parentRunId,
    interrupts: interrupts.map(interruptJson),
    createdAt: isoTime(run.createdAt),
    endedAt: run.endedAt === undefined ? undefined : isoTime(run.endedAt),
    error: run.error && { code: run.error.code, message: run.error.message },
  };
}
