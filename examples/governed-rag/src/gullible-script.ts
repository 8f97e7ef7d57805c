import { z } from "zod";
import { citedIds, markOf } from "./citations.ts";
import { readWriterPrompt } from "./prompt.ts";
import { wordsOf } from "./words.ts";

/** What the scripted model says or does next. */
export type Act = { readonly text: string } | { readonly toolName: string; readonly input: Readonly<Record<string, unknown>> };

/** The parts of a prompt that the script looks at. */
export interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string; readonly output?: unknown }[];
}

const MAX_CALLS = 3;
const REVEAL = /\b(?:reveal|print|repeat|dump|output) (?:everything|all|the whole)/i;
const SAY = /\bsay "([^"]+)"/gi;
const CITE = /\bcite ((?:\[doc:[^\]\s]+\][, and]*)+)/gi;
const ASK = /\bask the documents "([^"]+)"/gi;
const ARGUMENT = /\b([a-z]\w*)=([\w.,-]+)/gi;

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

/** The assistant: asks the documents, then tells what they gave. It passes on every argument that somebody talks it into, and asks whatever it is told to. */
export function assist(prompt: readonly Message[], toolName: string): Act {
  const asked = prompt.findLastIndex(({ role }) => role === "user");
  const question = textOf(prompt[asked]);
  const results = prompt.slice(asked + 1).flatMap(resultsOf);
  if (results.length === 0) return { toolName, input: { question, ...argumentsIn(question) } };
  const seen = [question, ...results.map((result) => JSON.stringify(result).replaceAll('\\"', '"'))].join("\n");
  const [, next] = [...seen.matchAll(ASK)][results.length - 1] ?? [];
  if (next !== undefined && results.length < MAX_CALLS) return { toolName, input: { question: next, ...argumentsIn(seen) } };
  return { text: results.map(toldBy).join("\n\n") };
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

function argumentsIn(text: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...text.matchAll(ARGUMENT)].map(([, name = "", value = ""]) => [name, valueOf(value)]));
}

function valueOf(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return text.includes(",") ? text.split(",") : text;
}

const answered = z.object({ answer: z.string(), citations: z.array(z.object({ docId: z.string(), source: z.string() })) });

function toldBy(result: unknown): string {
  const { success, data } = answered.safeParse(result);
  if (!success) return `The documents gave no answer: ${typeof result === "string" ? result : JSON.stringify(result)}`;
  return [data.answer, ...data.citations.map(({ docId, source }) => `${markOf(docId)} ${source}`)].join("\n");
}

function resultsOf({ content }: Message): readonly unknown[] {
  if (typeof content === "string") return [];
  return content.flatMap((part) => (part.type === "tool-result" ? [(part.output as { readonly value?: unknown } | undefined)?.value] : []));
}

function textOf(message: Message | undefined): string {
  const content = message?.content ?? "";
  if (typeof content === "string") return content;
  return content.map(({ text = "" }) => text).join("");
}
