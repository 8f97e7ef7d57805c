import assert from "node:assert/strict";
import { test } from "node:test";
import { accessOf, impliedRoles, refusalsOf, ROLE_RANKS, type Requester } from "../src/access.ts";
import { ROLES } from "./permissions.ts";

const somebody = (roles: readonly string[], stepUp = false): Requester => ({ sub: "somebody", roles, tenant: "acme", stepUp });

test("a role has the lower ones of its own department, and none of another", () => {
  for (const role of ROLE_RANKS.keys()) assert.deepEqual(impliedRoles(role).toSorted(), ROLES[role]?.toSorted(), role);
  assert.deepEqual(impliedRoles("legal.admin"), []);
});

test("the ceiling is confidential with step-up only, internal with any role, else public", () => {
  const ceiling = (roles: readonly string[], stepUp: boolean): string | undefined => accessOf(somebody(roles, stepUp)).classifications.at(-1);
  assert.deepEqual(
    [ceiling(["admin"], false), ceiling(["reader"], false), ceiling(["public"], false), ceiling(["legal.admin"], false)],
    ["internal", "internal", "public", "public"],
  );
  assert.deepEqual([ceiling(["admin"], true), ceiling(["reader"], true)], ["confidential", "confidential"]);
});

test("several roles add up", () => {
  const { roleTags } = accessOf(somebody(["finance.viewer", "hr.viewer"]));
  assert.deepEqual(roleTags, ["role:employee", "role:finance.viewer", "role:hr.viewer", "role:public", "role:reader"]);
});

test("a refusal says everything that does not fit", () => {
  const access = accessOf(somebody(["employee"]));
  assert.deepEqual(refusalsOf(access, { tenantTag: "tenant:acme", roleTags: ["role:hr.viewer", "role:employee"], classification: "internal" }), []);
  assert.deepEqual(refusalsOf(access, { tenantTag: "tenant:globex", roleTags: [], classification: "confidential" }), ["tenant", "role", "classification"]);
});
