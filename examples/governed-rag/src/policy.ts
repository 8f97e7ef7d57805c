import { readFile } from "node:fs/promises";
import { z } from "zod";
import { CLASSIFICATIONS, ROLE_RANKS } from "./access.ts";
import { Failure } from "./failure.ts";

/** A name of a file or a folder that is whole in an id, in a citation and in a policy. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u;
const EVERYTHING_IN = "/**";

export function isPlainPath(path: string): boolean {
  return path.split("/").every((name) => NAME.test(name));
}

const rule = z
  .strictObject({
    /** A file, or a folder as `folder/**`; no other pattern, since one that fits nothing would leave its documents to a later rule. */
    path: z.string().refine((path) => isPlainPath(path.endsWith(EVERYTHING_IN) ? path.slice(0, -EVERYTHING_IN.length) : path), "is neither a file nor folder/**"),
    tenant: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    classification: z.enum(CLASSIFICATIONS),
    roles: z
      .array(z.string().refine((role) => ROLE_RANKS.has(role), "is no role"))
      .min(1)
      .refine((roles) => new Set(roles).size === roles.length, "names a role twice"),
  })
  .refine(({ roles, classification }) => classification === "public" || !roles.includes("public"), "only public documents are for the role public");

/** What documents of a path are labelled with. */
export type PolicyRule = z.infer<typeof rule>;

const policy = z.strictObject({
  rules: z.array(rule).superRefine((rules, context) => {
    for (const [place, { path }] of rules.entries()) {
      const earlier = rules.findIndex((other) => fits(other, path));
      if (earlier >= place || earlier < 0) continue;
      context.addIssue({ code: "custom", path: [place, "path"], message: `is never asked, since rule ${earlier} fits all of ${path}: put the narrower rule first` });
    }
  }),
});

/** The rule of a document: the first that its path fits. */
export function ruleOf(source: string, rules: readonly PolicyRule[]): PolicyRule | undefined {
  return rules.find((one) => fits(one, source));
}

function fits({ path }: PolicyRule, source: string): boolean {
  return path.endsWith(EVERYTHING_IN) ? source.startsWith(path.slice(0, -2)) : source === path;
}

/** @throws {Failure} POLICY_INVALID, with the place in the file: a policy that is right in parts is not used in parts */
export async function loadPolicy(file: string): Promise<readonly PolicyRule[]> {
  const read = async (): Promise<readonly PolicyRule[]> => {
    const text = await readFile(file, "utf8");
    const { rules } = policy.parse(JSON.parse(text));
    // The parser takes the last of two fields of one name, and passes over the other in silence.
    const fields = 1 + rules.reduce((sum, one) => sum + Object.keys(one).length, 0);
    if ((text.match(/"(?:[^"\\]|\\.)*"\s*:/g) ?? []).length !== fields) throw new Error("a rule has the same field twice");
    return rules;
  };
  return read().catch((cause: unknown) => {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Failure("POLICY_INVALID", `The policy ${file} is not valid: ${detail}`, { cause });
  });
}
