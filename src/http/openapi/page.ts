import type { ParameterDescription } from "../../core/route-description.ts";

/** How a page of a list is asked for. */
export const PAGE: readonly ParameterDescription[] = [
  { in: "query", name: "cursor", says: "The nextCursor of the page before.", schema: { type: "string", minLength: 1 } },
  { in: "query", name: "limit", says: "Entries of a page.", schema: { type: "integer", minimum: 1, maximum: 100, default: 20 } },
];

/** A filter by status, which may be given several times or with commas. */
export function statusFilter(statuses: readonly string[]): ParameterDescription {
  return {
    in: "query",
    name: "status",
    says: "Only those in one of these states; several times, or with commas.",
    schema: { type: "array", items: { type: "string", enum: [...statuses] } },
  };
}
