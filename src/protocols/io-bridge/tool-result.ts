import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import { isSameJson, type FrontendToolAnswer } from "../../core/interrupt.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import type { Bridge, BridgeRequest } from "./bridge.ts";
import { refusal } from "./errors.ts";
import { actingFor, actingForRun } from "./identity.ts";
import { findPageCall } from "./page-call.ts";
import { invalidInput, jsonBody, ownerQuery, toolCallPath, validated } from "./validation.ts";

const toolResult = z.object({ result: z.json().optional(), content: z.string().optional(), error: z.string().optional() });

/** The body of a result, as a schema. */
export function toolResultSchema(): JsonSchema {
  return embedded(z.toJSONSchema(toolResult, { io: "input" }));
}

/** `POST /runs/:runId/tool-calls/:toolCallId/result` */
export async function postToolResult({ engine }: Bridge, request: BridgeRequest): Promise<Response> {
  const { runId, toolCallId } = validated(toolCallPath, request.params);
  const { resourceId } = validated(ownerQuery, request.query);
  const answer = answerIn(await jsonBody(request));
  const principal = await (resourceId === undefined ? actingForRun(engine, request.principal, runId) : actingFor(request.principal, resourceId));
  const call = await findPageCall(engine, principal, runId, toolCallId, request.signal);
  switch (call.kind) {
    case "unknown-run":
      return refusal(404, "RUN_NOT_FOUND", "There is no run with this id.");
    case "unknown-call":
      return callNotFound();
    case "run-ended":
      return runEnded();
    case "asked":
      return giveAnswer(engine, principal, call.interrupt.id, answer);
  }
}

/**
 * What a page's tool gave: a failed tool is an answer too.
 * @throws {HoldfastError} INPUT_INVALID
 */
function answerIn(body: unknown): FrontendToolAnswer {
  const { result, content, error } = validated(toolResult, body);
  if (error !== undefined) return { error };
  const output = result === undefined ? content : result;
  if (output === undefined) throw invalidInput([{ path: "", message: "needs one of result, content and error" }]);
  return { output };
}

async function giveAnswer(engine: Engine, principal: Principal, interruptId: string, answer: FrontendToolAnswer): Promise<Response> {
  try {
    await engine.answer(principal, [{ interruptId, answer: { ...answer } }]);
  } catch (error) {
    if (!HoldfastError.is(error)) throw error;
    if (error.code === "INTERRUPT_NOT_FOUND") return callNotFound();
    if (error.code === "INTERRUPT_CLOSED") return runEnded();
    if (error.code !== "ALREADY_ANSWERED") throw error;
    const { answer: given } = await engine.getInterrupt(principal, interruptId);
    if (!isSameAnswer(given, answer)) return refusal(409, "TOOL_RESULT_CONFLICT", "This tool call has another result already; the first one stands.");
  }
  return Response.json({ ok: true });
}

/** A message of the conversation that gave the answer before has left its id beside it. */
function isSameAnswer(given: Json | undefined, answer: FrontendToolAnswer): boolean {
  const { messageId: _messageId, ...plain } = (given ?? {}) as JsonObject;
  return isSameJson(plain, { ...answer });
}

function callNotFound(): Response {
  return refusal(404, "TOOL_CALL_NOT_FOUND", "This run has no such call of a browser tool.");
}

function runEnded(): Response {
  return refusal(409, "RUN_ENDED", "The run has ended; this tool call can no longer be answered.");
}
