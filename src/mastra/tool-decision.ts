import type { Json } from "../core/json.ts";
import type { ToolPart } from "../core/transcript.ts";

/** What to do when Mastra is about to execute a tool. */
export type ToolDecision =
  | { readonly action: "execute" }
  /** The log holds the result: hand it back. */
  | { readonly action: "answer"; readonly output: Json }
  /** The log holds the failure: fail the same way. */
  | { readonly action: "fail"; readonly message: string }
  /** It was started, and the process died before it ended. */
  | { readonly action: "give-up"; readonly message: string };

export const OUTCOME_UNKNOWN_TEXT: string =
  "The outcome of this tool call is unknown: the server stopped while the tool was running, and it was not run a second time. Check before you call it again.";

/** Decides by what the log holds of the call; `isIdempotent`: the tool may run again without harm. */
export function toolDecision(recorded: ToolPart | undefined, isIdempotent: boolean): ToolDecision {
  switch (recorded?.state) {
    case "result":
      return { action: "answer", output: recorded.output ?? null };
    case "error":
    case "denied":
      return { action: "fail", message: recorded.message ?? "The tool call failed." };
    case "started":
      return isIdempotent ? { action: "execute" } : { action: "give-up", message: OUTCOME_UNKNOWN_TEXT };
    default:
      return { action: "execute" };
  }
}
