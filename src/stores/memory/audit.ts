import type { AuditEntry } from "../../core/audit.ts";
import type { MemoryData } from "./data.ts";

export function insertAudit(data: MemoryData, entry: AuditEntry): void {
  data.audit.push(entry);
}

export function listAudit(data: MemoryData, runId: string): readonly AuditEntry[] {
  return data.audit.filter((entry) => entry.runId === runId);
}
