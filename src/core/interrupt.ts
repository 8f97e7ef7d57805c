import type { Json } from "./json.ts";

export type InterruptKind = "tool-approval" | "tool-suspend";
export type InterruptStatus = "pending" | "answered" | "expired";

/** What a run asks before it can go on. */
export interface InterruptRequest {
  readonly id: string;
  readonly kind: InterruptKind;
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: Json;
  /** JSON Schema of an acceptable answer. */
  readonly resumeSchema?: Json;
  /** What the tool gave when it suspended. */
  readonly payload?: Json;
}

/** A question the run needs answered, as it is stored. */
export interface Interrupt extends InterruptRequest {
  readonly runId: string;
  readonly resourceId: string;
  readonly status: InterruptStatus;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}
