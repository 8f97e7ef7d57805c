import { call, cut, part, raise, say, stop, wait, type Move, type PromptMessage } from "../../../src/testkit/scripted-model.ts";
import { lastUserText, partsOf, toolResultsIn } from "../../../src/testkit/scripted-prompt.ts";
import type { Gates } from "./gates.ts";

/** The words of the answer that most tests look at. */
export const RESEARCH_TEXT = "Oslo has 4 degrees and rain. Rome is 2000 km away. Take an umbrella.";
export const RESEARCH_REASONING = "Two facts are needed: weather and distance.";

/** The words of the answer that AG-UI's clients look at, and what the agent keeps in mind of it. */
export const VOYAGE_TEXT = "Die Überfahrt 東京 👩‍🚀 takes four days. Take an umbrella.";
export const VOYAGE_STATE = { course: "south", days: 4 };

/** How an answer ends whose tools have run; what they said follows. */
export const SETTLED_TEXT = "All of it is settled now, and the tools said:";

export const PROVIDER_ERROR = "The provider is overloaded.";

/** A message of a user to the scripted model: what it is to do, and where it waits. */
export interface Ask {
  readonly scenario: "research" | "voyage" | "long" | "fail" | "truncate" | "broken-tool" | "recall" | "take" | "tools" | "say";
  /** The key of the gate that the answer waits at. */
  readonly hold?: string;
  /** After so many words of the text. */
  readonly at?: number;
  /** Where a research or a voyage waits; in its text unless given. */
  readonly holdIn?: "reasoning" | "tool-input" | "text";
  /** What is said, word by word. */
  readonly text?: string;
  /** How many words a long text has. */
  readonly words?: number;
  /** The tools that are called, one list for each step, and the chat that they are called for. */
  readonly steps?: readonly (readonly string[])[];
  readonly chat?: string;
}

/** The message that asks for it. */
export function askText(ask: Ask): string {
  return JSON.stringify(ask);
}

/** What the model does, given what its prompt shows: the same before and after a restart. */
export function answerTo(prompt: readonly PromptMessage[], gates: Gates, nextTake: () => number): readonly Move[] {
  const ask = askOf(lastUserText(prompt));
  const isFirstStep = toolResultsIn(afterLastQuestion(prompt)).length === 0;
  switch (ask.scenario) {
    case "research":
      return isFirstStep ? lookUp(ask, gates) : spoken(RESEARCH_TEXT, ask, gates);
    case "voyage":
      return isFirstStep ? [...lookUp(ask, gates), ...writeDown()] : spoken(VOYAGE_TEXT, ask, gates);
    case "long":
      return spoken(longText(ask.words ?? 200), ask, gates);
    case "fail":
      return [...spoken("This answer breaks", ask, gates).slice(0, -1), raise(new Error(PROVIDER_ERROR)), stop({ reason: "error" })];
    case "truncate":
      return [...spoken("This answer just stops", ask, gates).slice(0, -1), cut()];
    case "broken-tool":
      return isFirstStep ? [say("Let me try."), call("broken", { city: "Oslo" }, { id: "call-broken", pieces: 2 })] : spoken("The tool does not work.", ask, gates);
    case "recall":
      return spoken(`Before: ${questionsBefore(prompt)} questions, ${answersBefore(prompt)} answers.`, ask, gates);
    case "say":
      return spoken(ask.text ?? "", ask, gates);
    case "take":
      return spoken(`This is take ${nextTake()}.`, ask, gates);
    case "tools":
      return callTools(ask, afterLastQuestion(prompt)) ?? spoken(`${SETTLED_TEXT} ${resultsIn(afterLastQuestion(prompt))}`, ask, gates);
  }
}

/** What a sub-agent does that is told to call a tool of its own. */
export function helpWith(prompt: readonly PromptMessage[]): readonly Move[] {
  return callTools(askOf(lastUserText(prompt)), afterLastQuestion(prompt)) ?? [say(resultsIn(afterLastQuestion(prompt)))];
}

/** The calls of the first step that has no results yet. */
function callTools({ steps = [], chat = "" }: Ask, since: readonly PromptMessage[]): readonly Move[] | undefined {
  const known = toolResultsIn(since);
  const names = steps.find((step) => !step.every((name) => known.includes(name)));
  return names && [say("Let me see."), ...names.map((name) => call(name, inputOf(name, chat), { id: `call-${name}`, pieces: 2 }))];
}

/** A sub-agent is told in the way that its user would tell it. */
function inputOf(name: string, chat: string): object {
  const inner: Ask = { scenario: "tools", chat, steps: [["pay", "confirm", "quote"]] };
  return name === "agent-helper" ? { prompt: askText(inner) } : { chat };
}

/** What the model was told of its calls, in words without a blank. */
function resultsIn(since: readonly PromptMessage[]): string {
  return partsOf(since, "tool-result")
    .map(({ toolName, output }) => `${String(toolName)}:${JSON.stringify((output as { readonly value: unknown }).value).replaceAll(" ", "_")}`)
    .join(" ");
}

export function longText(words: number): string {
  return Array.from({ length: words }, (_, index) => `word${index}`).join(" ");
}

function lookUp({ holdIn, hold = "" }: Ask, gates: Gates): readonly Move[] {
  const gate = (place: Ask["holdIn"]): readonly Move[] => (holdIn === place ? [wait(gates.passed(hold))] : []);
  const [thought = "", ...thoughts] = RESEARCH_REASONING.match(/\s*\S+/g) ?? [];
  const think = (delta: string): Move => part({ type: "reasoning-delta", id: "r", delta });
  const city = JSON.stringify({ city: "Oslo" });
  const write = (delta: string): Move => part({ type: "tool-input-delta", id: "call-weather", delta });
  return [
    ...[part({ type: "reasoning-start", id: "r" }), think(thought), ...gate("reasoning"), ...thoughts.map(think), part({ type: "reasoning-end", id: "r" })],
    ...[part({ type: "tool-input-start", id: "call-weather", toolName: "weather" }), write(city.slice(0, 5)), ...gate("tool-input"), write(city.slice(5))],
    ...[part({ type: "tool-input-end", id: "call-weather" }), part({ type: "tool-call", toolCallId: "call-weather", toolName: "weather", input: city })],
    call("distance", { from: "Oslo", to: "Rome" }, { id: "call-distance", pieces: 3 }),
  ];
}

/** A tool that fails, beside one that keeps something in mind. */
function writeDown(): readonly Move[] {
  return [
    call("broken", { city: "Oslo" }, { id: "call-broken", pieces: 2 }),
    call("updateWorkingMemory", { memory: JSON.stringify(VOYAGE_STATE) }, { id: "call-memory", pieces: 2 }),
  ];
}

/** A text, a word at a time, that may wait at a gate. */
function spoken(text: string, { hold, at = 4, holdIn = "text" }: Ask, gates: Gates): readonly Move[] {
  const words = text.match(/\s*\S+/g) ?? [];
  const deltas = (from: number, to?: number): readonly Move[] => words.slice(from, to).map((delta) => part({ type: "text-delta", id: "t", delta }));
  const gate = hold === undefined || holdIn !== "text" ? [] : [wait(gates.passed(hold))];
  return [part({ type: "text-start", id: "t" }), ...deltas(0, at), ...gate, ...deltas(at), part({ type: "text-end", id: "t" })];
}

function askOf(text: string): Ask {
  return JSON.parse(text) as Ask;
}

function afterLastQuestion(prompt: readonly PromptMessage[]): readonly PromptMessage[] {
  return prompt.slice(prompt.findLastIndex((message) => message.role === "user") + 1);
}

function questionsBefore(prompt: readonly PromptMessage[]): number {
  return prompt.filter((message) => message.role === "user").length - 1;
}

/** Counted by their text: one answer may be several messages. */
function answersBefore(prompt: readonly PromptMessage[]): number {
  return prompt.filter((message) => message.role === "assistant" && partsOf([message], "text").length > 0).length;
}
