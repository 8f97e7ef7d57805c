/** Something that the scripted model says or does. */
export type Line =
  | { readonly type: "reasoning" | "text"; readonly text: string }
  | { readonly type: "tool"; readonly toolName: string; readonly input: Readonly<Record<string, string | number>> };

/** The parts of a prompt that the script looks at. */
interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string }[];
}

const DEFAULT_CITY = "Lisbon";
const CITY = /\bin (\p{Lu}[\p{L}-]+)/u;
const SUM = /(\d+(?:\.\d+)?)\s*([-+*/×÷])\s*(\d+(?:\.\d+)?)/;
const PAYMENT = /\bpay\b\D*(\d+(?:\.\d+)?)/i;
const LONG_ANSWER = /\b(?:story|tale|long|essay|poem)\b/i;
/** 26 nights are about 380 words: 17 s at the default pace. */
const NIGHTS = 26;

/** What the model says next: first it calls both tools, then it answers with what they gave. The same prompt gives the same lines. */
export function nextLines(prompt: readonly Message[]): readonly Line[] {
  const asked = prompt.findLastIndex((message) => message.role === "user");
  const question = textOf(prompt[asked]);
  const results = prompt.slice(asked + 1).flatMap((message) => (message.role === "tool" ? toolResults(message) : []));
  return results.length === 0 ? consult(question) : answer(question, results);
}

function consult(question: string): readonly Line[] {
  const euros = PAYMENT.exec(question)?.[1];
  if (euros !== undefined) {
    return [
      { type: "text", text: "That needs somebody's approval." },
      { type: "tool", toolName: "payment", input: { euros: Number(euros) } },
    ];
  }
  const city = CITY.exec(question)?.[1] ?? DEFAULT_CITY;
  return [
    { type: "reasoning", text: `The user says "${question}". I will look at the weather in ${city} and let the calculator do the sum before I answer.` },
    { type: "text", text: "Let me look that up." },
    { type: "tool", toolName: "weather", input: { city } },
    { type: "tool", toolName: "calculator", input: sumIn(question) },
  ];
}

function sumIn(question: string): Readonly<Record<string, string | number>> {
  const [, left, sign = "", right] = SUM.exec(question) ?? [];
  if (left === undefined) return { left: question.length, operator: "*", right: 7 };
  return { left: Number(left), operator: sign.replace("×", "*").replace("÷", "/"), right: Number(right) };
}

function answer(question: string, results: readonly string[]): readonly Line[] {
  const summary = `You said: "${question}". The tools answered: ${results.join(" ")} `;
  const text = LONG_ANSWER.test(question)
    ? `${summary}\n\n${story()}`
    : `${summary}Close this page, or stop the server and start it again: this answer goes on where it was.`;
  return [{ type: "text", text }];
}

/** Every sentence has its number, so that a gap or a repeat is seen at once. */
function story(): string {
  const winds = ["north", "east", "south", "west"];
  const nights = Array.from({ length: NIGHTS }, (_, index) => {
    const night = index + 1;
    return `On night ${night} the wind came from the ${winds[index % winds.length]}, and the keeper logged ${(night * 3) % 11} ships.`;
  });
  return ["There was a lighthouse whose keeper wrote every ship into a log before he waved to it.", ...nights, "And no night was missing."].join(" ");
}

function textOf(message: Message | undefined): string {
  if (message === undefined) return "";
  if (typeof message.content === "string") return message.content;
  const texts = message.content.map((part) => (part.type === "text" && "text" in part && typeof part.text === "string" ? part.text : ""));
  return texts.join(" ").trim();
}

function toolResults(message: Message): readonly string[] {
  if (typeof message.content === "string") return [];
  return message.content.flatMap((part) => {
    const output = part.type === "tool-result" && "output" in part ? (part.output as { readonly value?: unknown }) : undefined;
    return output === undefined ? [] : [sentenceOf(output.value)];
  });
}

function sentenceOf(value: unknown): string {
  const sentence = (value as { readonly sentence?: unknown } | null | undefined)?.sentence;
  return typeof sentence === "string" ? sentence : `${JSON.stringify(value)}.`;
}
