import { createHash, randomUUID } from "node:crypto";
import { HoldfastError } from "./core/error.ts";
import type { StartRequest } from "./core/protocol.ts";
import type { Run } from "./core/run.ts";
import type { CreateRunResult, NewRun } from "./core/store.ts";

/** An id that no other run, thread or message has. */
export function newId(kind: "run" | "thr" | "msg"): string {
  return `${kind}_${randomUUID().replaceAll("-", "")}`;
}

/** Tells whether two requests under one idempotency key are the same. */
function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url");
}

// No header holds a control character, so no key of a client's own making begins like this.
const CLIENT_RUN_PREFIX = "\u0001run\u0001";

/**
 * What makes a start happen once, if anything does: the key of the client, or the id that it gave the run on a thread that it named.
 * `agentId`: the agent that the request amounts to.
 */
export function idempotencyOf({ threadId, clientRunId, idempotencyKey, input }: StartRequest, agentId: string): NewRun["idempotency"] {
  const ownKey = threadId === undefined || clientRunId === undefined ? undefined : CLIENT_RUN_PREFIX + JSON.stringify([threadId, clientRunId]);
  const key = idempotencyKey ?? ownKey;
  if (key === undefined) return undefined;
  // How long a run is held open is a setting of the server, which may have changed when a request comes again.
  const { holdMs: _holdMs, ...asked } = input;
  return { key, fingerprint: fingerprintOf([agentId, threadId ?? null, asked]) };
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
      throw new HoldfastError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key, or this run id on this thread, was used for another request; use a new one.");
    case "foreign-thread":
      throw new HoldfastError("THREAD_NOT_FOUND", "There is no thread with this id.");
  }
}

/** What a line of the log tells of the run that it is about. */
export function logged(run: Run | undefined): object {
  return run ? { runId: run.id, threadId: run.threadId, attempt: run.attempt } : {};
}
