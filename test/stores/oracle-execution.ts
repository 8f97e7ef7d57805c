import type { RunEvent } from "../../src/core/event.ts";
import type { Lease, LeaseClaim } from "../../src/core/lease.ts";
import { START } from "../../src/core/offset.ts";
import type { RunStore } from "../../src/core/store.ts";
import { sampleRun, sampleUsage } from "../../src/testkit/store-samples.ts";
import { CHILD_IDS, CLIENT_RUN_IDS, interruptId, RUN_IDS, type AppendChoice, type Command, type LeaseChoice } from "./oracle-commands.ts";

const ALL_IDS = [...RUN_IDS, ...CHILD_IDS];

/** What the places in commands stand for; the newest last. */
export interface Known {
  readonly leases: readonly Lease[];
  readonly asking: readonly string[];
  readonly billed: readonly string[];
}

/** What can be named in a command once a store holds what it holds. */
export async function knownOf(store: RunStore, leases: readonly Lease[]): Promise<Known> {
  const { interrupts } = await store.listInterrupts({ limit: 100 });
  const { deliveries } = await store.listDeliveries({ limit: 100 });
  return {
    leases,
    asking: [...new Set(interrupts.map(({ runId }) => runId))].toReversed(),
    billed: [...new Set(deliveries.map(({ runId }) => runId))].toReversed(),
  };
}

function chosen<Item>(items: readonly Item[], place: number, otherwise: Item): Item {
  return items[items.length - 1 - (place % Math.max(1, items.length))] ?? otherwise;
}

function claimOf(owner: string | undefined): LeaseClaim | undefined {
  return owner === undefined ? undefined : { owner, leaseMs: 1_000 };
}

/** Makes one call. */
export function execute(store: RunStore, known: Known, next: Command): Promise<unknown> {
  const leaseOf = (choice: LeaseChoice): Lease => ("runId" in choice ? choice : chosen(known.leases, choice.given, { runId: "run-0", epoch: 1 }));
  const asking = (place: number): string => chosen(known.asking, place, "run-0");
  const billed = (place: number): string => chosen(known.billed, place, "run-0");
  switch (next.type) {
    case "create":
      return store.createRun(sampleRun(...next.run), claimOf(next.owner));
    case "claim":
      return store.claimRuns({ owner: next.owner, leaseMs: 1_000 }, next);
    case "append":
      return store.append(next.batch.map((append) => appendOf(leaseOf(append.lease), append)));
    case "renew":
      return store.renewLeases({ owner: next.owner, leaseMs: 1_000 }, next.leases.map(leaseOf));
    case "release":
      return store.releaseLease(leaseOf(next.lease));
    case "cancel":
      return store.requestCancel(next.runId, next.by);
    case "follow":
      return store.noteFollowed(next.runIds, next.forMs);
    case "cancel-unwatched":
      return store.cancelUnwatched({ ...next, reason: "nobody followed the run" });
    case "delete":
      return store.deleteThread(next.threadId);
    case "list":
      return listPage(store, next.limit, next.page);
    case "settle-usage": {
      const { runId, epoch: attempt } = leaseOf(next.lease);
      return store.settleUsage({ runId, attempt, path: next.path, call: next.call, usage: sampleUsage(next.inputTokens) });
    }
    case "answer": {
      const runId = asking(next.asking);
      const { given, note, child: childRunId, owner } = next;
      const answers = given.map(({ id, ...answer }) => ({ interruptId: interruptId(runId, id), ...answer }));
      const continuation = note === undefined ? {} : { continuation: { clientRunId: note, input: { notes: [note] } } };
      return store.answerInterrupts({ answers, answeredBy: "resource-1", childRunId, ...continuation }, claimOf(owner));
    }
    case "cancel-suspended":
      return store.cancelSuspended({ runId: asking(next.asking), canceledBy: "resource-2", childRunId: next.child }, claimOf(next.owner));
    case "claim-deliveries":
      return store.claimDeliveries({ sinks: next.sinks, limit: next.limit, leaseMs: 1_000 });
    case "settle-delivery":
      return store.settleDelivery({ runId: billed(next.billed), ...next.outcome });
    case "replay-delivery":
      return store.replayDelivery({ runId: billed(next.billed), sink: next.sink });
    case "advance":
    case "reopen":
      return Promise.resolve();
  }
}

function appendOf(lease: Lease, { events, isDurable, billing }: AppendChoice): Parameters<RunStore["append"]>[0][number] {
  return { ...lease, events: events.map((event) => askedBy(lease.runId, event)), isDurable, ...(billing && { billing }) };
}

function askedBy(runId: string, event: RunEvent): RunEvent {
  if (event.type !== "run-suspended" && event.type !== "run-waiting") return event;
  return { ...event, interrupts: event.interrupts.map((request) => ({ ...request, id: interruptId(runId, request.id) })) };
}

interface Query {
  readonly limit: number;
  readonly cursor?: string;
}

/** A page, and whether another one follows: what a cursor says is each store's own. */
async function pageAt<Page extends { readonly nextCursor?: string }>(list: (query: Query) => Promise<Page>, limit: number, page: number): Promise<unknown> {
  let listed = await list({ limit });
  for (let turned = 0; turned < page && listed.nextCursor !== undefined; turned += 1) listed = await list({ limit, cursor: listed.nextCursor });
  return { ...listed, nextCursor: listed.nextCursor !== undefined };
}

async function listPage(store: RunStore, limit: number, page: number): Promise<unknown> {
  const resourceId = "resource-1";
  return [
    await pageAt((query) => store.listRuns({ resourceId, ...query }), limit, page),
    await pageAt((query) => store.listThreads({ resourceId, ...query }), limit, page),
    await pageAt((query) => store.listInterrupts({ resourceId, ...query }), limit, page),
    await pageAt((query) => store.listInterrupts({ statuses: ["pending", "expired"], ...query }), limit, page),
    await pageAt((query) => store.listDeliveries({ states: ["pending"], ...query }), limit, page),
  ];
}

/** All that can be read from a store. */
export async function contentOf(store: RunStore): Promise<unknown> {
  const ofEach = <Content>(read: (runId: string) => Promise<Content>): Promise<readonly Content[]> => Promise.all(ALL_IDS.map(read));
  return {
    runs: await store.listRuns({ limit: 100 }),
    named: await Promise.all(CLIENT_RUN_IDS.map((clientRunId) => store.listRuns({ clientRunId, resourceId: "resource-1", limit: 100 }))),
    threads: await Promise.all(["resource-1", "resource-2"].map((resourceId) => store.listThreads({ resourceId, limit: 100 }))),
    logs: await ofEach((id) => store.readEntries(id, START, 1_000)),
    ends: await ofEach((id) => store.lastOffset(id)),
    interrupts: await store.listInterrupts({ limit: 100 }),
    children: await ofEach((id) => store.getChildRun(id)),
    audit: await ofEach((id) => store.listAudit(id)),
    usage: await ofEach((id) => store.listUsage(id)),
    bills: await ofEach((id) => store.getBill(id)),
    billed: [await store.listBilledRuns({}), await store.listBilledRuns({ resourceId: "resource-2" })],
    deliveries: await store.listDeliveries({ limit: 100 }),
  };
}

/** Leases in what a call gave. */
export function leasesIn(result: unknown): readonly Lease[] {
  const found: Lease[] = [];
  JSON.stringify(result, (key, value: unknown) => {
    if (key === "lease") found.push(value as Lease);
    return value;
  });
  return found;
}
