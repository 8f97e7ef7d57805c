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

/** The text without its citations. */
export function withoutMarks(text: string): string {
  return text.replaceAll(MARK, " ");
}

/** What a text cites of the passages; the source is the one of the index, not one that a model wrote. */
export function citationsOf(text: string, passages: readonly Passage[]): readonly Citation[] {
  return citedIds(text).flatMap((docId) => {
    const passage = passages.find((candidate) => candidate.docId === docId);
    return passage === undefined ? [] : [{ docId, source: passage.source }];
  });
}
