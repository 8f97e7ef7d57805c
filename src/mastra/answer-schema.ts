import type { AttemptOutcome } from "../core/agent-source.ts";
import type { JsonObject } from "../core/json.ts";
import type { Run } from "../core/run.ts";
import type { Transcript } from "../core/transcript.ts";

/**
 * How Mastra is to read the answer of a run. A class, since Mastra merges what is no plain object as a whole: an agent's own structured output, which
 * may call a second model, leaves nothing in it.
 */
export class AnswerSchema {
  readonly schema: JsonObject;
  /** The schema goes to the provider where it takes one, else to the model behind the question. */
  readonly jsonPromptInjection = "auto";
  /** What a step says before its tools are called is no answer: whether there is one is seen when the agent has ended. */
  readonly errorStrategy = "warn";

  constructor(schema: JsonObject) {
    this.schema = schema;
  }
}

/** The end of a run whose agent ended without the answer that was asked for. */
export const OUTPUT_INVALID: AttemptOutcome = {
  outcome: "failed",
  error: { code: "OUTPUT_INVALID", message: "The model's answer does not fit the schema that was asked for." },
};

/** Whether the log holds the answer that was asked for, where a run asks for one of a certain form. */
export function hasAskedAnswer(run: Run, transcript: Transcript): boolean {
  return run.input.outputSchema === undefined || transcript.steps.some(({ parts }) => parts.some((part) => part.type === "object" && part.isFinal));
}
