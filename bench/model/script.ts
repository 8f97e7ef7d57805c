/** What the scripted model says. It travels as the text of the user's message, so one server serves every scenario. */
export interface Script {
  /** How many text deltas the answer has. */
  readonly deltas: number;
  /** Deltas per second; 0 means without any pause. */
  readonly perSecond: number;
  /** `stamps`: every delta holds its index and the time at which the model produced it. */
  readonly text: "words" | "stamps";
}

const WORDS = ["the ", "run ", "outlives ", "its ", "request ", "and ", "a ", "reader ", "comes ", "back "] as const;

/** The text of one delta of a `words` script. */
export function wordAt(index: number): string {
  return WORDS[index % WORDS.length] ?? "";
}

/** The whole text of a `words` script. */
export function wordsOf(deltas: number): string {
  return Array.from({ length: deltas }, (_, index) => wordAt(index)).join("");
}

/** Reads a script from a user's message; a message that is no script gets a short answer. */
export function parseScript(message: string): Script {
  try {
    return JSON.parse(message) as Script;
  } catch {
    return { deltas: 5, perSecond: 0, text: "words" };
  }
}
