/** Who may see what. Nothing here reads a clock, a store or a model. */

export const CLASSIFICATIONS = ["public", "internal", "confidential"] as const;
export type Classification = (typeof CLASSIFICATIONS)[number];

export const DEPARTMENTS = ["engineering", "finance", "hr"] as const;

/** Every role there is, with its rank. A role that is not in here gives nothing. */
export const ROLE_RANKS: ReadonlyMap<string, number> = new Map([
  ["admin", 100],
  ...DEPARTMENTS.map((department) => [`${department}.admin`, 80] as const),
  ...DEPARTMENTS.map((department) => [`${department}.viewer`, 60] as const),
  ["employee", 40],
  ["reader", 35],
  ["public", 10],
]);

/** Somebody who asks, as the token says it. */
export interface Requester {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly tenant: string;
  /** The user has proved again who it is, with a second factor for example. */
  readonly stepUp: boolean;
}

/** What a requester may see: a document has to fit all three. */
export interface Access {
  readonly tenantTag: string;
  readonly roleTags: readonly string[];
  readonly classifications: readonly Classification[];
}

/** What a document says of itself. */
export interface Labels {
  readonly tenantTag: string;
  /** One of them is enough. */
  readonly roleTags: readonly string[];
  readonly classification: Classification;
}

export type Refusal = "tenant" | "role" | "classification";

/** A higher role has what lower ones have, but nothing of another department. */
export function impliedRoles(role: string): readonly string[] {
  const rank = ROLE_RANKS.get(role);
  if (rank === undefined) return [];
  return [...ROLE_RANKS].flatMap(([other, otherRank]) => (other === role || (otherRank < rank && isWithin(role, other)) ? [other] : []));
}

function isWithin(role: string, other: string): boolean {
  const department = departmentOf(other);
  return department === undefined || role === "admin" || departmentOf(role) === department;
}

function departmentOf(role: string): string | undefined {
  return role.includes(".") ? role.split(".")[0] : undefined;
}

export function roleTag(role: string): string {
  return `role:${role}`;
}

export function tenantTag(tenant: string): string {
  return `tenant:${tenant}`;
}

export function accessOf({ roles, tenant, stepUp }: Requester): Access {
  const implied = new Set(["public", ...roles.flatMap(impliedRoles)]);
  const highest = stepUp ? "confidential" : implied.size > 1 ? "internal" : "public";
  return {
    tenantTag: tenantTag(tenant),
    roleTags: [...implied].map(roleTag).toSorted(),
    classifications: CLASSIFICATIONS.slice(0, CLASSIFICATIONS.indexOf(highest) + 1),
  };
}

/** Why a document is not for this requester; nothing where it is. The vector store's filter says the same in its own terms. */
export function refusalsOf(access: Access, labels: Labels): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (labels.tenantTag !== access.tenantTag) refusals.push("tenant");
  if (!labels.roleTags.some((tag) => access.roleTags.includes(tag))) refusals.push("role");
  if (!access.classifications.includes(labels.classification)) refusals.push("classification");
  return refusals;
}
