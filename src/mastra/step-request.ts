import type { InterruptRequest } from "../core/interrupt.ts";
import { toJson } from "./json-value.ts";
import { resumeJsonSchema } from "./workflow-answer.ts";
import type { StepCall } from "./workflow-step.ts";

/** The question of a step that suspended. */
export function stepRequest({ gated, callId, input }: StepCall, id: string, payload: unknown): InterruptRequest {
  const { step, place } = gated;
  return {
    id,
    kind: "workflow-suspend",
    toolCallId: callId,
    toolName: gated.logId,
    input: input ?? null,
    stepPath: [...place.path, gated.logId],
    ...(payload !== undefined && { payload: toJson(payload) }),
    ...(step.resumeSchema !== undefined && { resumeSchema: resumeJsonSchema(step.resumeSchema) }),
  };
}
