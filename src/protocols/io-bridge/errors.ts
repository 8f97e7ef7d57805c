import { ERROR_CODES, HoldfastError, type ErrorCode } from "../../core/error.ts";
import type { Bridge, BridgeRequest } from "./bridge.ts";
import type { InputFault } from "./validation.ts";

/** Codes of the wire that are not the engine's own. */
const WIRE_CODES: Partial<Readonly<Record<ErrorCode, string>>> = {
  INPUT_INVALID: "INVALID_INPUT",
  THREAD_CHANGED: "PRECONDITION_FAILED",
};

/** Codes of the wire that no error of the engine has. */
const OWN_CODES = ["INTERNAL_ERROR", "TOOL_CALL_NOT_FOUND", "TOOL_RESULT_CONFLICT"];

/** Every code that an error body may have. */
export const BRIDGE_CODES: readonly string[] = [...ERROR_CODES.map((code) => WIRE_CODES[code] ?? code), ...OWN_CODES];

/** Shortest wait that is of use before a busy thread or server is asked again, in seconds. */
const RETRY_AFTER_S = "1";

/** An error body `{ error, code, details? }`. */
export function refusal(status: number, code: string, error: string, details?: readonly InputFault[]): Response {
  return Response.json({ error, code, ...(details && { details }) }, { status, headers: { "cache-control": "no-store" } });
}

/**
 * What a caller is told of an error. The cause of one that nobody foresaw goes to `onFault`; the caller gets an id to find it by.
 */
export function refusalOf(
  error: unknown,
  { statusOf, onFault }: Pick<Bridge, "statusOf" | "onFault">,
  { method, path }: Pick<BridgeRequest, "method" | "path">,
): Response {
  const status = HoldfastError.is(error) ? statusOf[error.code] : 500;
  if (!HoldfastError.is(error) || status === 500) {
    const correlationId = crypto.randomUUID();
    onFault(error, { correlationId, method, path });
    return refusal(500, "INTERNAL_ERROR", `Internal server error: the server's log has the cause under ${correlationId}.`);
  }
  const response = refusal(status, WIRE_CODES[error.code] ?? error.code, error.message, error.code === "INPUT_INVALID" ? faultsOf(error) : undefined);
  if (error.retryable) response.headers.set("retry-after", RETRY_AFTER_S);
  return response;
}

/** `details` names the faults by their paths, or the one field that is meant. */
function faultsOf({ details = {}, message }: HoldfastError): readonly InputFault[] {
  const { field } = details;
  if (typeof field === "string" && Object.keys(details).length === 1) return [{ path: field, message }];
  const faults = Object.entries(details).map(([path, fault]) => ({ path, message: String(fault) }));
  return faults.length > 0 ? faults : [{ path: "", message }];
}
