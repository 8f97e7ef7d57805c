import { textOf, type Act, type Message } from "./acting-model.ts";
import { citedIds, markOf } from "./citations.ts";
import { readWriterPrompt } from "./prompt.ts";
import { wordsOf } from "./words.ts";

const REVEAL = /\b(?:reveal|print|repeat|dump|output) (?:everything|all|the whole)/i;
const SAY = /\bsay "([^"]+)"/gi;
const CITE = /\bcite ((?:\[doc:[^\]\s]+\][, and]*)+)/gi;

/** The writer: the best sentences of the passages. It does whatever the question or a passage tells it to. */
export function write(prompt: readonly Message[]): Act {
  const told = textOf(prompt.findLast(({ role }) => role === "user"));
  const { question, passages } = readWriterPrompt(told);
  const seen = [question, ...passages.map(({ text }) => text)].join("\n");
  const sentences = REVEAL.test(seen)
    ? [told, ...passages.map(({ docId }) => markOf(docId))]
    : passages.slice(0, 2).map(({ docId, text }) => `${bestSentence(question, text)} ${markOf(docId)}`);
  const said = [...seen.matchAll(SAY)].map(([, words = ""]) => words);
  const cited = [...seen.matchAll(CITE)].flatMap(([, marks = ""]) => citedIds(marks)).map(markOf);
  return { text: [...sentences, ...said, ...cited].join(" ") };
}

function bestSentence(question: string, text: string): string {
  const asked = new Set(wordsOf(question));
  const sentences = text
    .replace(/^#+ .*$/gm, "")
    .split(/(?<=[.!?])\s+/)
    .map((sentence) => sentence.trim().replaceAll("\n", " "))
    .filter((sentence) => sentence !== "");
  const scores = sentences.map((sentence) => wordsOf(sentence).filter((word) => asked.has(word)).length);
  return sentences[scores.indexOf(Math.max(...scores))] ?? text;
}
