import jsonPatch from "fast-json-patch";
import { isSameJson } from "../../core/interrupt.ts";
import type { Json } from "../../core/json.ts";
import type { AgUiEvent, PatchOperation } from "./event.ts";

/** What tells a client of a change of the state; `undefined` where nothing changed. A patch needs an object or an array on both sides. */
export function stateChange(previous: Json, next: Json): AgUiEvent | undefined {
  if (isSameJson(previous, next)) return undefined;
  if (!isPatchable(previous) || !isPatchable(next) || Array.isArray(previous) !== Array.isArray(next)) return { type: "STATE_SNAPSHOT", snapshot: next };
  const delta = jsonPatch.compare(previous, next) as readonly PatchOperation[];
  return leadsTo(previous, delta, next) ? { type: "STATE_DELTA", delta } : { type: "STATE_SNAPSHOT", snapshot: next };
}

/** A client refuses a patch that touches a field such as `__proto__`, and would keep what it has. */
function leadsTo(previous: Json, delta: readonly PatchOperation[], next: Json): boolean {
  try {
    return isSameJson(patched(previous, delta), next);
  } catch {
    return false;
  }
}

/** The state after a patch. */
export function patched(state: Json, delta: readonly PatchOperation[]): Json {
  return jsonPatch.applyPatch(state, structuredClone(delta) as never, true, false).newDocument;
}

function isPatchable(value: Json): value is Extract<Json, object> {
  return typeof value === "object" && value !== null;
}
