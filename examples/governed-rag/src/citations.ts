import type { Passage } from "./document-index.ts";

export interface Citation {
  readonly docId: string;
  readonly source: string;
}

/** How an answer names the document that a statement is from. */
const MARK = /\[doc:([^\]\s]+)\]/g;

export function markOf(docId: string): string {
  return `[doc:${docId}]`;
}

/** The ids of the documents that a text names, each once, in its order. */
export function citedIds(text: string): readonly string[] {
  return [...new Set([...text.matchAll(MARK)].map(([, docId = ""]) => docId))];
}

/** What looks like a mark to who reads it, and is none: in other brackets, in other letters, with blanks or several ids. */
const LOOKALIKES: readonly RegExp[] = [/[\p{Ps}<]\s*doc\s*[^\p{L}\p{N}\s]/iu, /[[\u3010\u3014\u3016\u301a\u27e6]\s*\p{L}{1,12}\s*:/u];

/** Whether a text pretends to cite. */
export function hasLookalike(text: string): boolean {
  const rest = text.replaceAll(MARK, " ").normalize("NFKC").replaceAll(/\p{Cf}/gu, "");
  return LOOKALIKES.some((pattern) => pattern.test(rest));
}

/** What a text cites of the passages; the source is the one of the index, not one that a model wrote. */
export function citationsOf(text: string, passages: readonly Passage[]): readonly Citation[] {
  return citedIds(text).flatMap((docId) => {
    const passage = passages.find((candidate) => candidate.docId === docId);
    return passage === undefined ? [] : [{ docId, source: passage.source }];
  });
}
