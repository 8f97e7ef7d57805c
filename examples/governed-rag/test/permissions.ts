import { readFileSync } from "node:fs";
import type { Document } from "../src/corpus.ts";
import { POLICY } from "./open-example.ts";

/** Who may see what, written down by hand, so that the tests do not ask the code under test. */

export const TENANTS = ["acme", "globex", "initech"] as const;

const EVERYBODY = ["public"];
const STAFF = ["employee", "reader", ...EVERYBODY];

/** For each role, the roles whose documents it may see. */
export const ROLES: Readonly<Record<string, readonly string[]>> = {
  admin: ["admin", "finance.admin", "finance.viewer", "engineering.admin", "engineering.viewer", "hr.admin", "hr.viewer", ...STAFF],
  "finance.admin": ["finance.admin", "finance.viewer", ...STAFF],
  "engineering.admin": ["engineering.admin", "engineering.viewer", ...STAFF],
  "hr.admin": ["hr.admin", "hr.viewer", ...STAFF],
  "finance.viewer": ["finance.viewer", ...STAFF],
  "engineering.viewer": ["engineering.viewer", ...STAFF],
  "hr.viewer": ["hr.viewer", ...STAFF],
  employee: STAFF,
  reader: ["reader", ...EVERYBODY],
  public: EVERYBODY,
  // No role that there is.
  "legal.admin": EVERYBODY,
  ADMIN: EVERYBODY,
};

interface Cell {
  readonly role: string;
  readonly tenant: string;
  readonly stepUp: boolean;
}

export function cells(): readonly Cell[] {
  return Object.keys(ROLES).flatMap((role) => TENANTS.flatMap((tenant) => [false, true].map((stepUp) => ({ role, tenant, stepUp }))));
}

const { rules } = JSON.parse(readFileSync(POLICY, "utf8")) as {
  readonly rules: readonly { readonly path: string; readonly tenant: string; readonly classification: string; readonly roles: readonly string[] }[];
};

/** Read from the policy file: neither from the labels nor from the index. */
export function maySee({ role, tenant, stepUp }: Cell, { source }: Pick<Document, "source">): boolean {
  const rule = rules.find(({ path }) => source.startsWith(path.replace("**", "")));
  if (rule === undefined) throw new Error(`${source} has no rule.`);
  const mine = ROLES[role] ?? [];
  const highest = stepUp ? 2 : mine.length > 1 ? 1 : 0;
  const isLow = ["public", "internal", "confidential"].indexOf(rule.classification) <= highest;
  return rule.tenant === tenant && isLow && rule.roles.some((allowed) => mine.includes(allowed));
}
