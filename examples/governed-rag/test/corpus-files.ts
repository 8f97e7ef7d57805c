import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const RULE = { path: "a/**", tenant: "acme", classification: "internal", roles: ["employee"] };

/** A corpus of a test's own, with a policy of these rules, or of this text. */
export function corpusOf(
  files: Readonly<Record<string, string>>,
  rules: readonly unknown[] | string,
): { readonly folder: string; readonly policy: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "corpus-"));
  const [folder, policy] = [join(root, "corpus"), join(root, "policy.json")];
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  writeFileSync(policy, typeof rules === "string" ? rules : JSON.stringify({ rules }));
  return { folder, policy, remove: () => rmSync(root, { recursive: true, force: true }) };
}
