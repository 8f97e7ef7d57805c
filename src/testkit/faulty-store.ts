import { HoldfastError } from "../core/error.ts";
import type { RunStore } from "../core/store.ts";

/** A method of a store that can fail; `close` and `onForeignAppend` always work. */
export type FaultyMethod = Exclude<keyof RunStore, "close" | "onForeignAppend">;

/** A store that another one works behind, and that fails when a test says so. */
export interface FaultyStore extends RunStore {
  /** Makes the next calls of a method fail before they reach the store behind; STORE_UNAVAILABLE unless an error is given. */
  failNext(method: FaultyMethod, times?: number, error?: Error): void;
  /** Makes every call fail for which the predicate holds, until another predicate is set or `undefined` takes it away. */
  failWhile(predicate: ((method: FaultyMethod) => boolean) | undefined): void;
  /** How many calls of a method failed so far. */
  failures(method: FaultyMethod): number;
}

/** Wraps a store. A failed call writes nothing, as the port promises. */
export function faultyStore(inner: RunStore): FaultyStore {
  const planned = new Map<FaultyMethod, Error[]>();
  const failed = new Map<FaultyMethod, number>();
  let isFailing: ((method: FaultyMethod) => boolean) | undefined;

  const attempt = async <Result>(method: FaultyMethod, call: () => Promise<Result>): Promise<Result> => {
    const error = planned.get(method)?.shift() ?? (isFailing?.(method) ? unavailable(method) : undefined);
    if (error === undefined) return await call();
    failed.set(method, (failed.get(method) ?? 0) + 1);
    throw error;
  };

  return {
    createRun: (...given) => attempt("createRun", () => inner.createRun(...given)),
    getRun: (...given) => attempt("getRun", () => inner.getRun(...given)),
    listRuns: (...given) => attempt("listRuns", () => inner.listRuns(...given)),
    getThread: (...given) => attempt("getThread", () => inner.getThread(...given)),
    listThreads: (...given) => attempt("listThreads", () => inner.listThreads(...given)),
    deleteThread: (...given) => attempt("deleteThread", () => inner.deleteThread(...given)),
    claimRuns: (...given) => attempt("claimRuns", () => inner.claimRuns(...given)),
    renewLeases: (...given) => attempt("renewLeases", () => inner.renewLeases(...given)),
    releaseLease: (...given) => attempt("releaseLease", () => inner.releaseLease(...given)),
    requestCancel: (...given) => attempt("requestCancel", () => inner.requestCancel(...given)),
    noteFollowed: (...given) => attempt("noteFollowed", () => inner.noteFollowed(...given)),
    cancelUnwatched: (...given) => attempt("cancelUnwatched", () => inner.cancelUnwatched(...given)),
    append: (...given) => attempt("append", () => inner.append(...given)),
    readEntries: (...given) => attempt("readEntries", () => inner.readEntries(...given)),
    lastOffset: (...given) => attempt("lastOffset", () => inner.lastOffset(...given)),
    getInterrupt: (...given) => attempt("getInterrupt", () => inner.getInterrupt(...given)),
    listInterrupts: (...given) => attempt("listInterrupts", () => inner.listInterrupts(...given)),
    answerInterrupts: (...given) => attempt("answerInterrupts", () => inner.answerInterrupts(...given)),
    cancelSuspended: (...given) => attempt("cancelSuspended", () => inner.cancelSuspended(...given)),
    getChildRun: (...given) => attempt("getChildRun", () => inner.getChildRun(...given)),
    listAudit: (...given) => attempt("listAudit", () => inner.listAudit(...given)),
    listUsage: (...given) => attempt("listUsage", () => inner.listUsage(...given)),
    settleUsage: (...given) => attempt("settleUsage", () => inner.settleUsage(...given)),
    getBill: (...given) => attempt("getBill", () => inner.getBill(...given)),
    listBilledRuns: (...given) => attempt("listBilledRuns", () => inner.listBilledRuns(...given)),
    claimDeliveries: (...given) => attempt("claimDeliveries", () => inner.claimDeliveries(...given)),
    settleDelivery: (...given) => attempt("settleDelivery", () => inner.settleDelivery(...given)),
    listDeliveries: (...given) => attempt("listDeliveries", () => inner.listDeliveries(...given)),
    replayDelivery: (...given) => attempt("replayDelivery", () => inner.replayDelivery(...given)),
    ping: () => attempt("ping", () => inner.ping()),
    onForeignAppend: (listener) => inner.onForeignAppend(listener),
    close: () => inner.close(),

    failNext: (method, times = 1, error = unavailable(method)) => {
      planned.set(method, [...(planned.get(method) ?? []), ...Array.from({ length: times }, () => error)]);
    },
    failWhile: (predicate) => {
      isFailing = predicate;
    },
    failures: (method) => failed.get(method) ?? 0,
  };
}

function unavailable(method: FaultyMethod): HoldfastError {
  return new HoldfastError("STORE_UNAVAILABLE", `The store was made to fail at ${method}; try again.`);
}
