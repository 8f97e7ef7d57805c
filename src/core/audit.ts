export type AuditAction = "approved" | "declined" | "answered" | "canceled";

/** The actor of what Holdfast did by itself. The name is kept from nobody: a resource may have it too. */
export const SYSTEM_ACTOR = "system";

/** Who did what to a run. Rows are added in the transaction of what they tell, and never changed. */
export interface AuditEntry {
  readonly runId: string;
  /** The owner of the run. */
  readonly resourceId: string;
  readonly action: AuditAction;
  /** The resource of the principal that did it, or {@link SYSTEM_ACTOR}: a run is canceled by that when nobody followed it. */
  readonly actor: string;
  readonly interruptId?: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}
