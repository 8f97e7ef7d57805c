export type AuditAction = "approved" | "declined" | "answered" | "canceled";

/** Who did what to a run. Rows are added in the transaction of what they tell, and never changed. */
export interface AuditEntry {
  readonly runId: string;
  /** The owner of the run. */
  readonly resourceId: string;
  readonly action: AuditAction;
  /** The resource of the principal that did it. */
  readonly actor: string;
  readonly interruptId?: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}
