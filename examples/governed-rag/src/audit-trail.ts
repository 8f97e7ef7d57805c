import { DatabaseSync } from "node:sqlite";
import type { Refusal, Requester } from "./access.ts";
import type { RunFailureCode } from "./failure.ts";
import { ownerOf } from "./owner.ts";

/** What was decided. `rejected`: the answer did not pass the verification; `failed`: it did not come so far. */
export type Decision =
  | { readonly decision: "admitted" | "no-documents" | "verified" }
  | { readonly decision: "rejected"; readonly reason: string }
  | { readonly decision: "failed"; readonly reason: RunFailureCode }
  | { readonly decision: "allowed" | "used"; readonly docId: string; readonly source: string }
  | { readonly decision: "refused"; readonly docId: string; readonly source: string; readonly refusals: readonly Refusal[] };

/** What a decision was about. */
export interface Question {
  readonly runId: string;
  readonly requester: Requester;
  readonly question: string;
}

/** A row of the trail. */
export interface AuditRow {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly runId: string;
  readonly sub: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly stepUp: boolean;
  readonly question: string;
  readonly decision: Decision["decision"];
  readonly docId?: string;
  readonly source?: string;
  readonly reason?: string;
}

/** Without the place in the trail, which tells how much others ask. */
export type OwnAuditRow = Omit<AuditRow, "seq">;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS decisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    run_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    tenant TEXT NOT NULL,
    roles TEXT NOT NULL,
    step_up INTEGER NOT NULL,
    question TEXT NOT NULL,
    decision TEXT NOT NULL,
    doc_id TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (run_id, question, decision, doc_id, reason)
  ) STRICT;
  CREATE TRIGGER IF NOT EXISTS decisions_are_not_replaced BEFORE INSERT ON decisions
    WHEN EXISTS (SELECT 1 FROM decisions WHERE seq = NEW.seq OR
      (run_id = NEW.run_id AND question = NEW.question AND decision = NEW.decision AND doc_id = NEW.doc_id AND reason = NEW.reason))
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
  CREATE TRIGGER IF NOT EXISTS decisions_are_not_changed BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
  CREATE TRIGGER IF NOT EXISTS decisions_are_not_deleted BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
`;

/** Who asked what, and what was decided about each document. Rows are only added, and are flushed to the disk before the run goes on. */
export class AuditTrail {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 5_000 });
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${SCHEMA}`);
  }

  /** All or none of them. A decision that is there already, from before a crash, is not added again. */
  record({ runId, requester, question }: Question, decisions: readonly Decision[]): void {
    const known = this.#database.prepare("SELECT 1 FROM decisions WHERE run_id = ? AND question = ? AND decision = ? AND doc_id = ? AND reason = ?");
    const insert = this.#database.prepare(
      `INSERT INTO decisions (at, run_id, sub, tenant, roles, step_up, question, decision, doc_id, source, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const who = [requester.sub, requester.tenant, JSON.stringify(requester.roles), Number(requester.stepUp)] as const;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const decision of decisions) {
        const { docId = "", source = "" } = "docId" in decision ? decision : {};
        const reason = reasonOf(decision);
        if (known.get(runId, question, decision.decision, docId, reason) !== undefined) continue;
        insert.run(new Date().toISOString(), runId, ...who, question, decision.decision, docId, source, reason);
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** The decision against an answer that is on record, if one is. */
  refusalOf({ runId, question }: Question): RunFailureCode | undefined {
    const row = this.list(runId).find((one) => one.question === question && (one.decision === "rejected" || one.decision === "failed"));
    return row?.decision === "failed" ? (row.reason as RunFailureCode) : row && "ANSWER_WITHHELD";
  }

  /** Everything about a run, oldest first. For who runs the server. */
  list(runId: string): readonly AuditRow[] {
    return this.#database.prepare("SELECT * FROM decisions WHERE run_id = ? ORDER BY seq").all(runId).map(rowOf);
  }

  /**
   * A run as the one who asked may read it: nothing where it is somebody else's. What was refused is not in it, not even as a number: that a document
   * exists is part of what its labels protect.
   */
  listOwn(requester: Requester, runId: string): readonly OwnAuditRow[] {
    const owner = ownerOf(requester);
    return this.list(runId)
      .filter((row) => ownerOf(row) === owner && row.decision !== "refused")
      .map(({ seq: _seq, ...row }) => row);
  }

  close(): void {
    this.#database.close();
  }
}

function reasonOf(decision: Decision): string {
  if (decision.decision === "rejected" || decision.decision === "failed") return decision.reason;
  return decision.decision === "refused" ? decision.refusals.join(",") : "";
}

function rowOf(row: Record<string, unknown>): AuditRow {
  return {
    seq: Number(row["seq"]),
    at: String(row["at"]),
    runId: String(row["run_id"]),
    sub: String(row["sub"]),
    tenant: String(row["tenant"]),
    roles: JSON.parse(String(row["roles"])) as string[],
    stepUp: row["step_up"] === 1,
    question: String(row["question"]),
    decision: row["decision"] as AuditRow["decision"],
    ...(row["doc_id"] !== "" && { docId: String(row["doc_id"]), source: String(row["source"]) }),
    ...(row["reason"] !== "" && { reason: String(row["reason"]) }),
  };
}
