import { refusalsOf, type Access } from "./access.ts";
import { foreignAddresses } from "./addresses.ts";
import { citedIds, type Citation } from "./citations.ts";
import { printOf, type Passage } from "./document-index.ts";
import { hasLookalike } from "./lookalikes.ts";

/** What is said where nothing that the user may see fits the question. */
export const NO_DOCUMENTS = "No authorized documents found that answer this question.";

/** An answer that nobody has checked yet. */
export interface Draft {
  readonly answer: string;
  readonly citations: readonly Citation[];
  /** What it was made from, by {@link printOf}. */
  readonly prints: readonly string[];
}

export interface Verdict {
  readonly ok: boolean;
  readonly reason: string;
}

/**
 * Checks an answer against what it was made from, as the index has it now. Everything that is not known to be right is wrong.
 * `passages`: those that the user may still see.
 */
export function verify({ answer, citations, prints }: Draft, passages: readonly Passage[], access: Access): Verdict {
  const forbidden = passages.find((passage) => refusalsOf(access, passage).length > 0);
  if (forbidden !== undefined) return refused("a passage was retrieved that the user may not see");
  // Documents are deleted, changed and classified anew while an answer is written, or while a run waits to be taken over.
  if (prints.length !== passages.length || passages.some((passage, place) => printOf(passage) !== prints[place])) {
    return refused("what the answer was made from has changed");
  }
  if (passages.length === 0) {
    return answer === NO_DOCUMENTS && citations.length === 0
      ? { ok: true, reason: "no authorized documents" }
      : refused("there is an answer without documents");
  }
  if (answer.trim() === "") return refused("the answer is empty");
  const retrieved = new Map(passages.map(({ docId, source }) => [docId, source]));
  const cited = citedIds(answer);
  if (hasLookalike(answer)) return refused("the answer has a citation of another form");
  if (cited.length === 0) return refused("the answer cites no document");
  if (cited.some((docId) => !retrieved.has(docId))) return refused("the answer cites a document that was not retrieved");
  const sources = passages.flatMap(({ source, text }) => [source, text]);
  if (foreignAddresses(answer, sources).length > 0) return refused("the answer has an address that none of its documents has");
  const isComplete = citations.length === cited.length && citations.every(({ docId, source }) => cited.includes(docId) && retrieved.get(docId) === source);
  return isComplete ? { ok: true, reason: "every citation is of an authorized document" } : refused("the citations are not those of the answer");
}

function refused(reason: string): Verdict {
  return { ok: false, reason };
}
