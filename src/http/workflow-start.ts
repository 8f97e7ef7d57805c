import { z } from "zod";
import { HoldfastError } from "../core/error.ts";
import { embedded, type JsonSchema } from "../core/json-schema.ts";
import type { Json } from "../core/json.ts";
import type { Principal } from "../core/principal.ts";
import type { Engine } from "../core/protocol.ts";
import type { Run } from "../core/run.ts";
import { jsonBody, validated } from "./validation.ts";

const startBody = z.object({
  workflowId: z.string().min(1),
  input: z.unknown().optional(),
  threadId: z.string().min(1).optional(),
});

/** The body of a start, as a schema. */
export function workflowStartSchema(): JsonSchema {
  return embedded(z.toJSONSchema(startBody, { io: "input" }));
}

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;

/**
 * Starts the run of a workflow that a request asks for.
 * @throws {HoldfastError} INPUT_INVALID, WORKFLOW_NOT_FOUND, and what {@link Engine.start} throws
 */
export async function startWorkflow(engine: Engine, principal: Principal, request: Request): Promise<Run> {
  const { workflowId, input = null, threadId } = validated(startBody, await jsonBody(request));
  const key = request.headers.get("idempotency-key");
  if (key !== null && !PRINTABLE.test(key)) {
    throw new HoldfastError("INPUT_INVALID", "The header Idempotency-Key must be 1 to 255 printable ASCII characters.", {
      details: { field: "Idempotency-Key" },
    });
  }
  return engine.start(principal, {
    agentId: engine.resolveWorkflow(workflowId).id,
    input: { messages: [], trigger: "submit", workflow: { input: input as Json } },
    ...(threadId !== undefined && { threadId }),
    ...(key !== null && { idempotencyKey: key }),
  });
}
