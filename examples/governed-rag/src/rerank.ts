import type { ScoredPassage } from "./document-index.ts";
import { wordsOf } from "./words.ts";

/** A passage that has less than this share of the question's words is kept only for its vector. */
const MIN_COVERAGE = 0.4;

/** Sorts passages by how many words of the question they have and how similar they are; leaves out what has nothing to do with it. */
export function rerank(question: string, passages: readonly ScoredPassage[], minScore: number, limit: number): readonly ScoredPassage[] {
  const asked = new Set(wordsOf(question));
  return passages
    .map((passage) => ({ passage, coverage: coverageOf(asked, passage) }))
    .filter(({ passage, coverage }) => coverage >= MIN_COVERAGE || passage.score >= minScore)
    .map(({ passage, coverage }) => ({ ...passage, score: (coverage + Math.max(0, passage.score)) / 2 }))
    .toSorted((one, other) => other.score - one.score || (one.passageId < other.passageId ? -1 : 1))
    .slice(0, limit);
}

function coverageOf(asked: ReadonlySet<string>, { title, text }: ScoredPassage): number {
  if (asked.size === 0) return 0;
  const has = new Set(wordsOf(`${title}\n${text}`));
  return [...asked].filter((word) => has.has(word)).length / asked.size;
}
