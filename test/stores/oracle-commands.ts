import fc from "fast-check";
import type { PriceTable } from "../../src/core/bill.ts";
import type { RunEvent, StepEvent } from "../../src/core/event.ts";
import type { InterruptRequest } from "../../src/core/interrupt.ts";
import type { InterruptAnswer } from "../../src/core/interrupt-store.ts";
import type { Json } from "../../src/core/json.ts";
import type { Lease } from "../../src/core/lease.ts";
import type { DeliveryOutcome } from "../../src/core/outbox.ts";
import type { Append } from "../../src/core/store.ts";
import { modelCalled, modelFinished, sampleInterrupt, sampleUsage, settableClock, textDelta, type sampleRun } from "../../src/testkit/store-samples.ts";

export const RUN_IDS: readonly string[] = Array.from({ length: 16 }, (_, index) => `run-${index}`);
/** The runs that go on from others. */
export const CHILD_IDS: readonly string[] = Array.from({ length: 12 }, (_, index) => `child-${index}`);
export const CLIENT_RUN_IDS: readonly string[] = ["mine", "yours"];
const SINKS: readonly string[] = ["meter", "ledger"];

/** A lease that was given out before, by its place among them, or one that never was. */
export type LeaseChoice = { readonly given: number } | Lease;

/** A run that has asked, or one that has a bill, by its place among them from the newest on. */
type RunChoice = number;

/** The owner of a claim that is made along with something else. */
type Owner = string | undefined;

export interface AppendChoice {
  readonly lease: LeaseChoice;
  readonly events: readonly RunEvent[];
  readonly isDurable: boolean;
  readonly billing: Append["billing"];
}

export type Command =
  | { readonly type: "create"; readonly run: Parameters<typeof sampleRun>; readonly owner: Owner }
  | { readonly type: "claim"; readonly owner: string; readonly limit: number; readonly pendingLimit: number }
  | { readonly type: "append"; readonly batch: readonly AppendChoice[] }
  | { readonly type: "renew"; readonly owner: string; readonly leases: readonly LeaseChoice[] }
  | { readonly type: "release"; readonly lease: LeaseChoice }
  | { readonly type: "cancel"; readonly runId: string; readonly by: string }
  | { readonly type: "follow"; readonly runIds: readonly string[]; readonly forMs: number }
  | { readonly type: "cancel-unwatched"; readonly owner: string; readonly unwatchedMs: number; readonly limit: number }
  | { readonly type: "delete"; readonly threadId: string }
  | { readonly type: "list"; readonly limit: number; readonly page: number }
  | { readonly type: "settle-usage"; readonly lease: LeaseChoice; readonly path: string; readonly call: number; readonly inputTokens: number }
  | {
      readonly type: "answer";
      readonly asking: RunChoice;
      readonly given: readonly (Omit<InterruptAnswer, "interruptId"> & { readonly id: string })[];
      readonly note: string | undefined;
      readonly child: string;
      readonly owner: Owner;
    }
  | { readonly type: "cancel-suspended"; readonly asking: RunChoice; readonly child: string; readonly owner: Owner }
  | { readonly type: "claim-deliveries"; readonly sinks: readonly string[]; readonly limit: number }
  | { readonly type: "settle-delivery"; readonly billed: RunChoice; readonly outcome: Omit<DeliveryOutcome, "runId"> }
  | { readonly type: "replay-delivery"; readonly billed: RunChoice; readonly sink: string }
  | { readonly type: "advance"; readonly milliseconds: number }
  | { readonly type: "reopen" };

const runId = fc.constantFrom(...RUN_IDS);
const owner = fc.constantFrom("node-a", "node-b");
const resourceId = fc.oneof({ weight: 7, arbitrary: fc.constant("resource-1") }, { weight: 1, arbitrary: fc.constant("resource-2") });
const threadId = fc.constantFrom("t-1", "t-2", "t-3");
const lease: fc.Arbitrary<LeaseChoice> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ given: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ runId, epoch: fc.nat(4) }) },
);

const PRICES: PriceTable = { version: "v", currency: "EUR", models: { "acme/large": { input: 0.1, output: 0.7 } } };

/** Some time after the clock of the tests begins. */
const expiresAt = settableClock().now() + 2_400;
/** The ids are those within one run; {@link interruptId} makes them unique. */
const questions: readonly (readonly InterruptRequest[])[] = [
  [],
  [sampleInterrupt("i-1")],
  [sampleInterrupt("i-1"), { ...sampleInterrupt("i-2"), kind: "tool-suspend" }],
  [sampleInterrupt("i-2"), { ...sampleInterrupt("i-1"), expiresAt }],
];
const ends: readonly RunEvent[] = [
  { type: "run-completed" },
  { type: "run-failed", error: { code: "AGENT_FAILED", message: "It failed." } },
  { type: "run-canceled" },
  ...questions.map((interrupts) => ({ type: "run-suspended" as const, interrupts })),
  ...questions.map((interrupts, index) => ({ type: "run-waiting" as const, interrupts, until: settableClock().now() + 3_000.5 * index })),
];

/** An interrupt's id in the store. */
export function interruptId(ofRun: string, id: string): string {
  return `${ofRun}/${id}`;
}

const call = fc.nat(2);
const path = fc.constantFrom("", "", "inner");
const text: fc.Arbitrary<RunEvent> = fc.string({ unit: "binary", maxLength: 5 }).map(textDelta);
const step: fc.Arbitrary<StepEvent> = fc.oneof(
  call.map(modelCalled),
  fc.tuple(call, fc.nat(9)).map(([number, tokens]) => modelFinished(number, tokens)),
);
const cut: fc.Arbitrary<RunEvent> = fc
  .record({ attempt: fc.integer({ min: 1, max: 3 }), path, call, state: fc.constantFrom("settled", "estimated", "unknown"), isSuperseded: fc.boolean() })
  .map(({ state, isSuperseded, ...key }): RunEvent => {
    const estimate = { usage: sampleUsage(3), basis: "bytes", bounds: { lower: {}, upper: sampleUsage(9) } } as const;
    return { type: "model-cut", ...key, state, ...(state !== "unknown" && estimate), ...(isSuperseded && { isSuperseded }) };
  });
const event: fc.Arbitrary<RunEvent> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: step },
  { weight: 1, arbitrary: cut },
  { weight: 2, arbitrary: step.map((inner): RunEvent => ({ type: "nested", toolCallId: "inner", event: inner })) },
);
/** A value in one of so many cases. */
function oneIn<Value>(cases: number, value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 1, arbitrary: value }, { weight: cases - 1, arbitrary: fc.constant(undefined) });
}

const events = fc
  .tuple(fc.array(event, { maxLength: 3 }), oneIn(3, fc.constantFrom(...ends)), oneIn(30, text))
  .map(([before, last, behind]) => [...before, ...(last ? [last] : []), ...(behind ? [behind] : [])]);
const billing: fc.Arbitrary<Append["billing"]> = fc.option(
  fc
    .record({ isPriced: fc.boolean(), sinks: fc.array(fc.constantFrom(...SINKS), { maxLength: 3 }) })
    .map(({ isPriced, sinks }) => ({ sinks, ...(isPriced && { prices: PRICES }) })),
  { freq: 6, nil: undefined },
);

const idempotency = fc.record({ key: fc.constantFrom("k-1", "k-2"), fingerprint: fc.constantFrom("f-1", "f-2") });
const newRun = fc
  .record({
    id: runId,
    threadId,
    resourceId,
    agentId: fc.constantFrom("agent-1", "agent-2"),
    onBusyThread: fc.constantFrom("reject", "queue", "cancel-previous"),
    billingPolicy: fc.constantFrom("delivered", "all-attempts"),
    idempotency: oneIn(4, idempotency),
    clientRunId: oneIn(3, fc.constantFrom(...CLIENT_RUN_IDS)),
  })
  .map(({ id, idempotency: key, clientRunId, ...change }): Parameters<typeof sampleRun> => [
    id,
    { ...change, ...(key && { idempotency: key }), ...(clientRunId !== undefined && { clientRunId }) },
  ]);

const recent = fc.nat(2);
const child = fc.constantFrom(...CHILD_IDS);
const claimant = fc.option(owner, { nil: undefined });
const answer: fc.Arbitrary<Json> = fc.constantFrom({ approved: true }, { approved: true }, { approved: true }, { approved: false }, [1, null]);
const given = fc
  .tuple(fc.constantFrom(["i-1"], ["i-1"], ["i-2"], ["i-1", "i-2"], ["i-2", "i-1"], ["i-1", "i-1"], []), answer, answer, oneIn(5, fc.constant(true as const)))
  .map(([ids, first, second, isDeclined]) => ids.map((id, index) => ({ id, answer: index === 0 ? first : second, ...(isDeclined && { isDeclined }) })));
const outcome = fc
  .record({
    sink: fc.constantFrom(...SINKS),
    state: fc.constantFrom("pending", "sent", "dead", "held"),
    retryInMs: fc.option(fc.constantFrom(0, 500.5, 1_000), { nil: undefined }),
    error: fc.option(fc.constant("busy"), { nil: undefined }),
    isOutcomeUnknown: fc.boolean(),
  })
  .map(({ retryInMs, error, ...rest }): Omit<DeliveryOutcome, "runId"> => ({
    ...rest,
    ...(retryInMs !== undefined && { retryInMs }),
    ...(error !== undefined && { error }),
  }));

function commandOf<Type extends Command["type"], Fields>(
  type: Type,
  fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> },
): fc.Arbitrary<{ type: Type } & Fields> {
  return fc.record(fields).map((made) => ({ type, ...(made as Fields) }));
}

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: commandOf("create", { run: newRun, owner: claimant }) },
  { weight: 5, arbitrary: commandOf("claim", { owner, limit: fc.nat(3), pendingLimit: fc.nat(3) }) },
  { weight: 10, arbitrary: commandOf("append", { batch: fc.array(fc.record({ lease, events, isDurable: fc.boolean(), billing }), { maxLength: 3 }) }) },
  { weight: 2, arbitrary: commandOf("renew", { owner, leases: fc.array(lease, { maxLength: 3 }) }) },
  { weight: 2, arbitrary: commandOf("release", { lease }) },
  { weight: 2, arbitrary: commandOf("cancel", { runId, by: resourceId }) },
  { weight: 2, arbitrary: commandOf("follow", { runIds: fc.array(runId, { maxLength: 3 }), forMs: fc.constantFrom(0, 500.5, 1_000) }) },
  { weight: 1, arbitrary: commandOf("cancel-unwatched", { owner, unwatchedMs: fc.constantFrom(0, 500, 2_000), limit: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 1, arbitrary: commandOf("delete", { threadId }) },
  { weight: 1, arbitrary: commandOf("list", { limit: fc.integer({ min: 1, max: 3 }), page: fc.nat(2) }) },
  { weight: 2, arbitrary: commandOf("settle-usage", { lease, path, call, inputTokens: fc.nat(9) }) },
  { weight: 4, arbitrary: commandOf("answer", { asking: recent, given, note: oneIn(3, fc.constantFrom(...CLIENT_RUN_IDS)), child, owner: claimant }) },
  { weight: 1, arbitrary: commandOf("cancel-suspended", { asking: recent, child, owner: claimant }) },
  { weight: 3, arbitrary: commandOf("claim-deliveries", { sinks: fc.subarray([...SINKS]), limit: fc.nat(3) }) },
  { weight: 3, arbitrary: commandOf("settle-delivery", { billed: recent, outcome }) },
  { weight: 1, arbitrary: commandOf("replay-delivery", { billed: recent, sink: fc.constantFrom(...SINKS) }) },
  { weight: 3, arbitrary: commandOf("advance", { milliseconds: fc.constantFrom(1, 400, 1_000, 2_000) }) },
  { weight: 1, arbitrary: fc.constant({ type: "reopen" as const }) },
);

const HELD: Command = { type: "create", run: ["run-0", { threadId: "t-1", clientRunId: "mine" }], owner: "node-a" };
const CLAIMED: Command = { type: "claim", owner: "node-b", limit: 1, pendingLimit: 0 };
/** What the newest holder of a run does, mostly to let go of it. */
const leaving = fc
  .tuple(
    fc.array(text, { maxLength: 1 }),
    fc.constantFrom(...ends, ...questions.slice(1).map((interrupts) => ({ type: "run-suspended" as const, interrupts }))),
  )
  .map(([before, end]) => [...before, end]);

/** Commands about a run that waits, and little else: what comes while its hold ends is rare among all the others. */
export const heldCommands: fc.Arbitrary<readonly Command[]> = fc
  .tuple(
    fc.constantFrom(...questions.slice(1)),
    fc.boolean(),
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: commandOf("claim", { owner, limit: fc.constantFrom(1, 3), pendingLimit: fc.nat(1) }) },
        {
          weight: 3,
          arbitrary: commandOf("append", {
            batch: fc.array(fc.record({ lease: fc.constant({ given: 0 }), events: leaving, isDurable: fc.boolean(), billing }), { minLength: 1, maxLength: 2 }),
          }),
        },
        {
          weight: 5,
          arbitrary: commandOf("answer", { asking: fc.constant(0), given, note: oneIn(2, fc.constantFrom(...CLIENT_RUN_IDS)), child, owner: claimant }),
        },
        { weight: 1, arbitrary: commandOf("cancel", { runId: fc.constant("run-0"), by: resourceId }) },
        { weight: 1, arbitrary: commandOf("release", { lease: fc.constant({ given: 0 }) }) },
        { weight: 3, arbitrary: commandOf("advance", { milliseconds: fc.constantFrom(1, 400, 1_000) }) },
        { weight: 1, arbitrary: fc.constant({ type: "reopen" as const }) },
      ),
      { minLength: 6, maxLength: 30, size: "max" },
    ),
  )
  .map(([interrupts, isClaimed, rest]) => {
    const waits: RunEvent = { type: "run-waiting", interrupts, until: settableClock().now() };
    const waiting: Command = { type: "append", batch: [{ lease: { given: 0 }, events: [waits], isDurable: false, billing: undefined }] };
    return [HELD, waiting, ...(isClaimed ? [CLAIMED] : []), ...rest];
  });
