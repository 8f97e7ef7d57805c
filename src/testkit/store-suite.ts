import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../core/clock.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases, StoreUnderTest } from "./store-case.ts";
import { continuationCases, continuationInvariants } from "./store-continuations.ts";
import { durableCases, durableInvariants } from "./store-durability.ts";
import { heldAnswerCases, heldAnswerInvariants } from "./store-held-answers.ts";
import { interruptListCases } from "./store-interrupt-lists.ts";
import { interruptCases, interruptInvariants } from "./store-interrupts.ts";
import { leaseInvariants } from "./store-leases.ts";
import { ledgerCases, ledgerInvariants } from "./store-ledger.ts";
import { listCases } from "./store-lists.ts";
import { logCases, logInvariants } from "./store-logs.ts";
import { outboxCases, outboxInvariants } from "./store-outbox.ts";
import { runCases, runInvariants } from "./store-runs.ts";
import { settableClock } from "./store-samples.ts";
import { sharedCases } from "./store-sharing.ts";
import { unwatchedCases, unwatchedInvariants } from "./store-unwatched.ts";
import { waitCases, waitInvariants } from "./store-waiting.ts";

/** How the suite gets at a store. */
export interface StoreHarness {
  /** Opens a store over empty data. */
  open(clock: Clock): Promise<RunStore>;
  /** Closes the store and opens its data again, as a process does that starts after another one ended. */
  reopen(store: RunStore): Promise<RunStore>;
  /** Closes what is open and removes the data. */
  destroy(): Promise<void>;
  /** Whether the data outlives the process. A store that is not durable says so here, and is not tested for it. */
  readonly isDurable: boolean;
  /** A second handle on the data that was opened last, as another process has. Left out where only one process can open it. */
  openSecond?(): Promise<RunStore>;
}

const INVARIANTS: StoreCases = {
  ...logInvariants,
  ...runInvariants,
  ...leaseInvariants,
  ...interruptInvariants,
  ...continuationInvariants,
  ...waitInvariants,
  ...heldAnswerInvariants,
  ...unwatchedInvariants,
  ...ledgerInvariants,
  ...outboxInvariants,
};

const PORTS = ["store", "interrupt-store", "ledger-store"] as const;

/** The promises of the port and its parts, in the words of their sources. */
function promisedInvariants(): readonly string[] {
  const sources = PORTS.map((name) => readFileSync(new URL(`../core/${name}.ts`, import.meta.url), "utf8"));
  return sources.flatMap((source) => source.split("\n").flatMap((line) => /INVARIANT: (.+)$/.exec(line)?.[1] ?? []));
}

/** Registers the tests that every store passes. */
export function storeSuite(name: string, harness: StoreHarness): void {
  let under: StoreUnderTest;
  const register = (title: string, cases: StoreCases): void => {
    describe(title, () => {
      for (const [words, check] of Object.entries(cases)) test(words, () => check(under));
    });
  };

  describe(name, () => {
    beforeEach(async () => {
      under = await openUnderTest(harness);
    });
    afterEach(() => harness.destroy());

    test("every INVARIANT of the port has a test of the same words", () => {
      expect(Object.keys({ ...INVARIANTS, ...durableInvariants }).toSorted()).toEqual(promisedInvariants().toSorted());
    });
    register("invariants", INVARIANTS);
    register("runs", runCases);
    register("logs", logCases);
    register("lists", listCases);
    register("interrupts", interruptCases);
    register("lists of interrupts", interruptListCases);
    register("what goes on from answers", continuationCases);
    register("waiting runs", waitCases);
    register("answers to waiting runs", heldAnswerCases);
    register("unwatched runs", unwatchedCases);
    register("the ledger", ledgerCases);
    register("the outbox", outboxCases);
    if (harness.isDurable) register("invariants of a durable store", durableInvariants);
    if (harness.isDurable) register("durability", durableCases);
    if (harness.openSecond) register("two handles on the same data", sharedCases);
  });
}

async function openUnderTest(harness: StoreHarness): Promise<StoreUnderTest> {
  const clock = settableClock();
  const store = await harness.open(clock);
  const other = (await harness.openSecond?.()) ?? store;
  const reopen = async (): Promise<RunStore> => {
    if (other !== store) await other.close();
    return await harness.reopen(store);
  };
  return { store, other, clock, reopen };
}
