import type { Delivery, DeliveryClaim, DeliveryOutcome, DeliveryPage, DeliveryQuery } from "../../core/outbox.ts";
import { pageOf, parseCursor } from "../cursor.ts";
import { claimed, deliveriesOf, isDue, replayed, settled, type StoredDelivery } from "../delivery-rules.ts";
import type { MemoryData } from "./data.ts";

export function insertDeliveries(data: MemoryData, runId: string, sinks: readonly string[], now: number): void {
  data.deliveries.push(...deliveriesOf(runId, sinks, now));
}

function deliveryOf(data: MemoryData, { leaseEndsAt: _lease, ...delivery }: StoredDelivery): readonly Delivery[] {
  const bill = data.bills.get(delivery.runId);
  return bill ? [{ ...delivery, bill }] : [];
}

export function claimDeliveries(data: MemoryData, claim: DeliveryClaim, now: number): readonly Delivery[] {
  const due = data.deliveries
    .map((delivery, index) => ({ delivery, index }))
    .filter(({ delivery }) => claim.sinks.includes(delivery.sink) && isDue(delivery, now))
    .toSorted((one, other) => one.delivery.nextAt - other.delivery.nextAt);
  return due.slice(0, claim.limit).flatMap(({ delivery, index }) => {
    const taken = claimed(delivery, claim, now);
    data.deliveries[index] = taken;
    return deliveryOf(data, taken);
  });
}

export function settleDelivery(data: MemoryData, outcome: DeliveryOutcome, now: number): boolean {
  return change(data, outcome, (delivery) => settled(delivery, outcome, now));
}

export function replayDelivery(data: MemoryData, delivery: Pick<Delivery, "runId" | "sink">, now: number): boolean {
  return change(data, delivery, (stored) => replayed(stored, now));
}

function change(
  data: MemoryData,
  { runId, sink }: Pick<Delivery, "runId" | "sink">,
  changed: (delivery: StoredDelivery) => StoredDelivery | undefined,
): boolean {
  const index = data.deliveries.findIndex((delivery) => delivery.runId === runId && delivery.sink === sink);
  const stored = data.deliveries[index];
  const next = stored && changed(stored);
  if (next) data.deliveries[index] = next;
  return next !== undefined;
}

export function listDeliveries(data: MemoryData, query: DeliveryQuery): DeliveryPage {
  const before = parseCursor(query.cursor);
  const wanted = data.deliveries
    .map((delivery, index) => ({ delivery, sortKey: index + 1 }))
    .filter(
      ({ delivery, sortKey }) =>
        sortKey < before && (query.sink === undefined || delivery.sink === query.sink) && (query.states === undefined || query.states.includes(delivery.state)),
    );
  const { rows, ...page } = pageOf(wanted.toReversed().slice(0, query.limit + 1), query.limit, ({ sortKey }) => sortKey);
  return { deliveries: rows.flatMap(({ delivery }) => deliveryOf(data, delivery)), ...page };
}
