import { createHash, randomUUID } from "node:crypto";
import { HoldfastError } from "./core/error.ts";
import type { Run } from "./core/run.ts";
import type { CreateRunResult } from "./core/store.ts";

/** An id that no other run, thread or message has. */
export function newId(kind: "run" | "thr" | "msg"): string {
  return `${kind}_${randomUUID().replaceAll("-", "")}`;
}

/** Tells whether two requests under one idempotency key are the same. */
export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url");
}

export function runNotFound(): HoldfastError {
  return new HoldfastError("RUN_NOT_FOUND", "There is no run with this id.");
}

/**
 * The run that a start gave.
 * @throws {HoldfastError} THREAD_BUSY, IDEMPOTENCY_MISMATCH, THREAD_NOT_FOUND
 */
export function startedRun(result: CreateRunResult): Run {
  switch (result.outcome) {
    case "created":
    case "existing":
      return result.run;
    case "thread-busy":
      throw new HoldfastError("THREAD_BUSY", `Run ${result.activeRunId} is active on this thread; wait for its end, attach to it, or cancel it.`, {
        details: { activeRunId: result.activeRunId },
      });
    case "idempotency-mismatch":
      throw new HoldfastError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key was used for another request; use a new key.");
    case "foreign-thread":
      throw new HoldfastError("THREAD_NOT_FOUND", "There is no thread with this id.");
  }
}
