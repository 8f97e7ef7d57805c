import type { AuditEntry } from "../../core/audit.ts";
import type { Bill } from "../../core/bill.ts";
import type { InterruptRequest } from "../../core/interrupt.ts";
import type { Json } from "../../core/json.ts";
import type { UsageEntry } from "../../core/ledger.ts";
import { isTerminal, type Run } from "../../core/run.ts";
import type { NewRun, ThreadOwner } from "../../core/store.ts";
import type { StoredDelivery } from "../delivery-rules.ts";

/** Everything that a memory store holds. Maps and lists keep the order in which things came. */
export interface MemoryData {
  /** How many runs were ever created. */
  newestRun: number;
  /** By run id. Runs of a thread that was forgotten leave. */
  readonly runs: Map<string, StoredRun>;
  readonly threads: Map<string, ThreadOwner>;
  /** By run id; these four outlive the thread of their run. */
  readonly usage: Map<string, UsageEntry[]>;
  readonly bills: Map<string, Bill>;
  readonly deliveries: StoredDelivery[];
  readonly audit: AuditEntry[];
}

export interface StoredRun {
  /** Rises with each run created; the order of queues and lists. */
  readonly sequence: number;
  run: Run;
  readonly idempotency: NewRun["idempotency"];
  /** What its client calls it: the id that it was started under, and those of the requests that answered it. */
  readonly clientRunIds: Set<string>;
  holder: { readonly owner: string; readonly expiresAt: number } | undefined;
  /** It goes on with its answers, and nobody has claimed it yet. */
  isAnswered: boolean;
  /** Until when a waiting run is held open, in milliseconds since the Unix epoch. */
  waitsUntil: number | undefined;
  /** Until when readers said that they follow it, in milliseconds since the Unix epoch. */
  followedUntil: number | undefined;
  /** Events are kept as JSON text, so that nobody can change one that was appended. */
  readonly entries: { readonly text: string; readonly attempt: number; readonly at: number }[];
  /** In the order in which they were asked. */
  interrupts: readonly StoredInterrupt[];
}

export interface StoredInterrupt {
  readonly request: InterruptRequest;
  readonly status: "pending" | "answered" | "canceled";
  readonly createdAt: number;
  readonly answer?: Json;
  readonly isDeclined?: true;
  /** The log of the run itself holds the answer: it was waiting for it. */
  readonly isTold?: true;
  readonly answeredAt?: number;
  readonly answeredBy?: string;
}

export function emptyData(): MemoryData {
  return { newestRun: 0, runs: new Map(), threads: new Map(), usage: new Map(), bills: new Map(), deliveries: [], audit: [] };
}

/** What can be written as JSON, as its reader would get it: nobody else holds a part of it. */
export function jsonCopy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** Every run, the oldest first. */
export function allRuns(data: MemoryData): readonly StoredRun[] {
  return [...data.runs.values()];
}

/** The runs that occupy a thread, in the order of their turns. */
export function activeOn(data: MemoryData, threadId: string): readonly StoredRun[] {
  return allRuns(data).filter(({ run }) => run.threadId === threadId && !isTerminal(run.status));
}
