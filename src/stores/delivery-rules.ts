import type { Delivery, DeliveryClaim, DeliveryOutcome } from "../core/outbox.ts";

/** A delivery as a store keeps it: without the bill, and with the time until which a dispatcher has it for itself. */
export interface StoredDelivery extends Omit<Delivery, "bill"> {
  /** Milliseconds since the Unix epoch. */
  readonly leaseEndsAt?: number;
}

/** The deliveries of a bill, one for each sink however often it is named. */
export function deliveriesOf(runId: string, sinks: readonly string[], now: number): readonly StoredDelivery[] {
  return [...new Set(sinks)].map((sink) => ({ runId, sink, state: "pending", attempts: 0, createdAt: now, nextAt: now }));
}

/** Whether a dispatcher may take it. */
export function isDue(delivery: StoredDelivery, now: number): boolean {
  return delivery.state === "pending" && delivery.nextAt <= now && (delivery.leaseEndsAt === undefined || delivery.leaseEndsAt <= now);
}

/**
 * One more try begins. A lease that ended by itself is that of a dispatcher which died or was too slow: nobody knows what became of its try.
 */
export function claimed(delivery: StoredDelivery, claim: DeliveryClaim, now: number): StoredDelivery {
  const unknownSince = delivery.unknownSince ?? delivery.leaseEndsAt;
  return { ...delivery, attempts: delivery.attempts + 1, leaseEndsAt: now + claim.leaseMs, ...(unknownSince !== undefined && { unknownSince }) };
}

/** What a try leaves; `undefined` when the delivery was sent before, which nothing changes any more. */
export function settled(delivery: StoredDelivery, outcome: DeliveryOutcome, now: number): StoredDelivery | undefined {
  if (delivery.state === "sent") return undefined;
  const { lastError: _error, leaseEndsAt: _lease, ...kept } = delivery;
  if (outcome.state === "sent") return { ...kept, state: "sent", sentAt: now };
  const unknownSince = kept.unknownSince ?? (outcome.isOutcomeUnknown === true ? now : undefined);
  return {
    ...kept,
    state: outcome.state,
    // Times are whole milliseconds, and a wait with jitter need not be.
    ...(outcome.state === "pending" && { nextAt: Math.ceil(now + (outcome.retryInMs ?? 0)) }),
    ...(unknownSince !== undefined && { unknownSince }),
    ...(outcome.error !== undefined && { lastError: outcome.error }),
  };
}

/** A delivery that begins again; `undefined` for one that is on its way or was sent. */
export function replayed(delivery: StoredDelivery, now: number): StoredDelivery | undefined {
  if (delivery.state !== "dead" && delivery.state !== "held") return undefined;
  const { runId, sink, createdAt } = delivery;
  return { runId, sink, state: "pending", attempts: 0, createdAt, nextAt: now };
}
