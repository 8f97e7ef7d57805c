import type { AuditEntry } from "../core/audit.ts";
import type { Interrupt } from "../core/interrupt.ts";
import type { JsonObject } from "../core/json.ts";
import { isoTime } from "./iso-time.ts";

/** An interrupt as the API shows it. Times are ISO 8601. */
export function interruptJson(interrupt: Interrupt): JsonObject {
  const { expiresAt, answeredAt } = interrupt;
  return {
    id: interrupt.id,
    runId: interrupt.runId,
    threadId: interrupt.threadId,
    agentId: interrupt.agentId,
    resourceId: interrupt.resourceId,
    kind: interrupt.kind,
    status: interrupt.status,
    toolCallId: interrupt.toolCallId,
    toolName: interrupt.toolName,
    stepPath: interrupt.stepPath,
    input: interrupt.input,
    resumeSchema: interrupt.resumeSchema,
    payload: interrupt.payload,
    createdAt: isoTime(interrupt.createdAt),
    expiresAt: expiresAt === undefined ? undefined : isoTime(expiresAt),
    answer: interrupt.answer,
    answeredAt: answeredAt === undefined ? undefined : isoTime(answeredAt),
    answeredBy: interrupt.answeredBy,
  };
}

/** A row of the audit trail as the API shows it. */
export function auditJson({ runId, action, actor, interruptId, at }: AuditEntry): JsonObject {
  return { runId, action, actor, interruptId, at: isoTime(at) };
}
