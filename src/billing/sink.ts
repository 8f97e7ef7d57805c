import type { Delivery } from "../core/outbox.ts";

/**
 * PORT: an outside system that bills go to, such as a webhook or a meter. The key that it is given is the run's id, alone or with the name
 * of a meter behind it, and it counts a key once.
 *
 * INVARIANT: a delivery is sent again until it is accepted, always with the same key
 * INVARIANT: a delivery whose outcome is unknown for longer than the sink recognises its key is held, not sent
 * INVARIANT: a delivery that is refused for good, or tried too often, is dead and not sent
 * INVARIANT: a sink that throws or does not answer in time leaves the outcome unknown
 * INVARIANT: a slow sink holds back no other
 */
export interface Sink {
  /** Unique among the sinks of a deployment, and the same for ever: deliveries are kept under it. */
  readonly name: string;
  /**
   * How long the system recognises a key, in milliseconds. A delivery that it may have accepted longer ago than that is held instead of
   * being sent again. Left out: for ever.
   */
  readonly dedupWindowMs?: number;
  /** `signal` is aborted when the time for an answer is over. */
  send(delivery: Delivery, signal: AbortSignal): Promise<SendResult>;
}

/**
 * What came of a try. `refused`: nothing of it was taken; `isFinal` where the same bill would be refused again. `unknown`: it may have been
 * taken, all of it or a part.
 */
export type SendResult =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "refused"; readonly reason: string; readonly isFinal: boolean }
  | { readonly outcome: "unknown"; readonly reason: string };
