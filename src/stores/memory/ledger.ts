import { callKeyText, type LateUsage, type UsageEntry } from "../../core/ledger.ts";
import { lateEntry } from "../ledger-rules.ts";
import { jsonCopy, type MemoryData } from "./data.ts";

/** Adds rows; one that a call has in that state already changes nothing. */
export function insertUsage(data: MemoryData, entries: readonly UsageEntry[]): void {
  for (const entry of entries) {
    if (hasState(data, entry, entry.state)) continue;
    data.usage.set(entry.runId, [...(data.usage.get(entry.runId) ?? []), jsonCopy(entry)]);
  }
}

export function listUsage(data: MemoryData, runId: string): readonly UsageEntry[] {
  return data.usage.get(runId) ?? [];
}

export function settleUsage(data: MemoryData, late: LateUsage, now: number): boolean {
  if (!hasState(data, late, "pending") || hasState(data, late, "settled")) return false;
  insertUsage(data, [lateEntry(late, now)]);
  return true;
}

function hasState(data: MemoryData, call: Omit<LateUsage, "usage">, state: UsageEntry["state"]): boolean {
  return listUsage(data, call.runId).some((entry) => entry.state === state && callKeyText(entry) === callKeyText(call));
}
