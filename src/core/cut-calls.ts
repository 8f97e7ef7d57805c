import type { Entry } from "./entry.ts";
import type { RunEvent } from "./event.ts";
import { callKeyText, innermost, type ModelCallKey } from "./ledger.ts";
import type { Usage } from "./usage.ts";

/** A model call that the log holds the beginning of and no figure. */
export interface OpenCall extends ModelCallKey {
  readonly step: number;
  /** Bytes of the prompt as JSON, in UTF-8; not known of one with files. */
  readonly promptBytes: number | undefined;
  /** Bytes of what the model said and the log holds. */
  readonly outputBytes: number;
  /** The step has its answer in the log, by this call or one behind it, and is not asked for again. */
  readonly isAnswered: boolean;
}

/** How a call that was cut is accounted for; see {@link cutEvent}. */
export type CutEvent = Extract<RunEvent, { type: "model-cut" }>;

const utf8 = new TextEncoder();

/** The calls that are open at the end of a log, in the order in which they were made. */
export function openCalls(entries: Iterable<Entry>): readonly OpenCall[] {
  const open = new Map<string, { -readonly [field in keyof OpenCall]: OpenCall[field] }>();
  /** The call that each path's output belongs to. */
  const speaking = new Map<string, string>();
  for (const { event, attempt } of entries) {
    const { path, inner } = innermost(event);
    if (inner.type === "model-called") {
      const { call, step, promptBytes } = inner;
      const key = callKeyText({ attempt, path, call });
      open.set(key, { attempt, path, call, step, promptBytes, outputBytes: 0, isAnswered: false });
      speaking.set(path, key);
    } else if (inner.type === "model-finished") {
      // One that ended without a figure of its own is open all the same: somebody has to say what it may have used.
      if (inner.call !== undefined && inner.usage !== undefined) open.delete(callKeyText({ attempt, path, call: inner.call }));
      for (const call of open.values()) if (call.attempt === attempt && call.path === path && call.step === inner.step) call.isAnswered = true;
    } else if (inner.type === "model-cut") {
      open.delete(callKeyText(inner));
    } else if (inner.type === "text-delta" || inner.type === "reasoning-delta" || inner.type === "tool-input-delta") {
      const call = open.get(speaking.get(path) ?? "");
      if (call) call.outputBytes += utf8.encode(inner.text).length;
    }
  }
  return [...open.values()];
}

/**
 * Providers' tokenizers make about one token of four bytes of English text, and none makes more tokens than there are bytes; one
 * of more than twelve bytes is rare enough to stand as the lower bound.
 */
const BYTES_PER_TOKEN = 4;
const MOST_BYTES_PER_TOKEN = 12;

/**
 * Accounts for a cut call: with the provider's figure where it is known after all, else estimated from the bytes of its prompt and its
 * output, else unknown. What the provider produced behind the cut was never seen, so the output has no upper bound.
 * `isSuperseded`: an attempt follows, which makes the call again unless its step has an answer.
 */
export function cutEvent(call: OpenCall, options: { readonly isSuperseded: boolean; readonly known?: Usage | undefined }): CutEvent {
  const { attempt, path, promptBytes, outputBytes } = call;
  const base = { type: "model-cut", attempt, path, call: call.call, ...(options.isSuperseded && !call.isAnswered && { isSuperseded: true }) } as const;
  if (options.known !== undefined) return { ...base, state: "settled", usage: options.known, basis: "provider" };
  if (promptBytes === undefined || outputBytes === 0) return { ...base, state: "unknown" };
  const inputTokens = Math.ceil(promptBytes / BYTES_PER_TOKEN);
  const outputTokens = Math.ceil(outputBytes / BYTES_PER_TOKEN);
  return {
    ...base,
    state: "estimated",
    basis: "bytes",
    usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
    bounds: {
      lower: { inputTokens: Math.floor(promptBytes / MOST_BYTES_PER_TOKEN), outputTokens: Math.floor(outputBytes / MOST_BYTES_PER_TOKEN) },
      upper: { inputTokens: promptBytes },
    },
  };
}
