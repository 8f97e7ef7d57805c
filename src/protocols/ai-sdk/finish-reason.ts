import type { FinishReason } from "../../core/event.ts";

/** The reasons that every version of the client accepts; any other value ends its stream. */
const ACCEPTED: Readonly<Record<FinishReason, true>> = {
  stop: true,
  length: true,
  "content-filter": true,
  "tool-calls": true,
  error: true,
  other: true,
};

/** The finish reason as a client may be told it. */
export function acceptedReason(reason: FinishReason): FinishReason {
  return Object.hasOwn(ACCEPTED, reason) ? reason : "other";
}
