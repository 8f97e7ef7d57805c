import type { Bill } from "./bill.ts";

/**
 * `pending`: to be sent when its time comes. `sent`: accepted. `dead`: refused for good, or tried too often. `held`: it may have been
 * accepted so long ago that sending it once more could charge twice; somebody has to look.
 */
export const DELIVERY_STATES = ["pending", "sent", "dead", "held"] as const;

export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A bill on its way to one outside system. The key that the system is given is the run's id. */
export interface Delivery {
  readonly runId: string;
  /** The name of the sink. */
  readonly sink: string;
  readonly bill: Bill;
  readonly state: DeliveryState;
  /** How often it was tried. */
  readonly attempts: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Not tried before this time. */
  readonly nextAt: number;
  /** The first try after which nobody knew whether it had been accepted. */
  readonly unknownSince?: number;
  readonly sentAt?: number;
  /** Why the newest try failed. */
  readonly lastError?: string;
}

/** Which deliveries are taken, for how long, by a dispatcher. */
export interface DeliveryClaim {
  readonly sinks: readonly string[];
  readonly limit: number;
  /** Nobody else takes them for this long. */
  readonly leaseMs: number;
}

/** What a try gave. */
export interface DeliveryOutcome {
  readonly runId: string;
  readonly sink: string;
  readonly state: DeliveryState;
  /** For `pending`: how long until the next try. */
  readonly retryInMs?: number;
  readonly error?: string;
  /** Whether the system may have accepted it all the same. */
  readonly isOutcomeUnknown?: boolean;
}

export interface DeliveryQuery {
  readonly states?: readonly DeliveryState[];
  readonly sink?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  readonly nextCursor?: string;
}
