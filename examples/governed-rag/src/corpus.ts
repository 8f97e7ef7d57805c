import { glob, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { z } from "zod";
import { CLASSIFICATIONS, ROLE_RANKS, roleTag, tenantTag, type Labels } from "./access.ts";

const rule = z
  .strictObject({
    /** A file, or a folder as `folder/**`. */
    path: z.string().min(1),
    tenant: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    classification: z.enum(CLASSIFICATIONS),
    roles: z.array(z.string().refine((role) => ROLE_RANKS.has(role), "is no role")).min(1),
  })
  .refine(({ roles, classification }) => classification === "public" || !roles.includes("public"), "only public documents are for the role public");

const policy = z.strictObject({ rules: z.array(rule) });

export type PolicyRule = z.infer<typeof rule>;

/** A document as it is indexed. */
export interface Document extends Labels {
  readonly id: string;
  /** Where it is, from the folder of the corpus on, with forward slashes. */
  readonly source: string;
  readonly title: string;
  readonly text: string;
}

/**
 * Every document of the folder, labelled by the first rule that its path fits.
 *
 * @throws for a document that no rule fits: what nobody has classified is not indexed, and not passed over in silence either
 */
export async function loadCorpus(folder: string, policyFile: string): Promise<readonly Document[]> {
  const { rules } = policy.parse(JSON.parse(await readFile(policyFile, "utf8")));
  const documents: Document[] = [];
  for await (const file of glob("**/*.md", { cwd: folder })) {
    documents.push(documentOf(file.split(sep).join("/"), await readFile(join(folder, file), "utf8"), rules));
  }
  return documents.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

export function documentOf(source: string, text: string, rules: readonly PolicyRule[]): Document {
  const found = rules.find(({ path }) => (path.endsWith("/**") ? source.startsWith(path.slice(0, -2)) : source === path));
  if (found === undefined) throw new Error(`No rule of the policy fits ${source}.`);
  return {
    id: source.replace(/\.md$/, "").replaceAll("/", "-"),
    source,
    title: /^# (.+)$/m.exec(text)?.[1] ?? source,
    text,
    tenantTag: tenantTag(found.tenant),
    roleTags: found.roles.map(roleTag),
    classification: found.classification,
  };
}
