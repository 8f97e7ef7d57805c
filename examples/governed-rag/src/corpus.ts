import { glob, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { roleTag, tenantTag, type Labels } from "./access.ts";
import { Failure } from "./failure.ts";
import { isPlainPath, loadPolicy, ruleOf, type PolicyRule } from "./policy.ts";

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
 * @throws {Failure} POLICY_INVALID, and DOCUMENT_INVALID for a document that no rule fits, or that another one could be taken for: what nobody has
 * classified is not indexed, and not passed over in silence either
 */
export async function loadCorpus(folder: string, policyFile: string): Promise<readonly Document[]> {
  const rules = await loadPolicy(policyFile);
  const documents: Document[] = [];
  for await (const file of glob("**/*.md", { cwd: folder })) {
    documents.push(documentOf(file.split(sep).join("/"), await readFile(join(folder, file), "utf8"), rules));
  }
  const sorted = documents.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const twin = sorted.find(({ id }, place) => id === sorted[place + 1]?.id);
  if (twin !== undefined) throw new Failure("DOCUMENT_INVALID", `Two documents have the id ${twin.id}, and one may be for fewer people; rename ${twin.source}.`);
  return sorted;
}

function documentOf(source: string, text: string, rules: readonly PolicyRule[]): Document {
  // An id stands in citations; a name that could end one could begin another.
  if (!isPlainPath(source)) throw new Failure("DOCUMENT_INVALID", `The policy has no name for ${source}: use letters, digits, dots, underscores and hyphens.`);
  const found = ruleOf(source, rules);
  if (found === undefined) throw new Failure("DOCUMENT_INVALID", `No rule of the policy fits ${source}.`);
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
