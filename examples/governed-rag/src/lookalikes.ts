import { withoutMarks } from "./citations.ts";

/** `doc` behind an opening bracket, and something that would stand between it and an id. A file that is called a doc, as in (doc) or (doc, 3 pages), is none. */
const NEAR_MARK = /[\p{Ps}<]\s*doc\s*(?![\p{L}\p{N}\s]|[.,!?]?(?:[\p{Pe}\p{Pi}\p{Pf}"']|\s|$))./isu;

/** Some word and a colon behind a square bracket, with what they introduce. */
const NAMED = /[[\u3010\u3014\u3016\u301a\u27e6]\s*(\p{L}{1,12})\s*:([^[\]\u3010\u3011\u3014\u3015\u3016\u3017\u301a\u301b\u27e6\u27e7]*)/gu;

const CITING_WORDS: ReadonlySet<string> = new Set(
  "doc docs document documents dokument dokumente source sources src quelle quellen ref refs reference cite citation".split(" "),
);
/** Letters of other alphabets of which the word of a mark could be made as a whole. */
const TWINS: Readonly<Record<string, string>> = { "\u0501": "d", "\u043e": "o", "\u0441": "c" };

/** One word as ids are made: of the names of folders and a file. */
const LIKE_ID = /^(?=.*\p{L})[\p{L}\p{N}_]+(?:[-_./][\p{L}\p{N}_]+){2,}$/u;

/**
 * Whether a text pretends to cite: what looks like a mark to who reads it, and is none. It is in other brackets, in other letters, by another word,
 * with blanks or several ids. Brackets are ordinary in a text otherwise: [Note: before taxes].
 */
export function hasLookalike(text: string): boolean {
  const rest = withoutMarks(text).normalize("NFKC").replaceAll(/\p{Cf}/gu, "");
  return NEAR_MARK.test(rest) || [...rest.matchAll(NAMED)].some(([, word = "", named = ""]) => isCiting(word) || LIKE_ID.test(named.trim()));
}

function isCiting(word: string): boolean {
  const isMixed = /\p{Script=Latin}/u.test(word) && /\P{Script=Latin}/u.test(word);
  const letters = Array.from(word.toLowerCase(), (letter) => TWINS[letter] ?? letter);
  return isMixed || CITING_WORDS.has(letters.join(""));
}
