import type { Agent } from "@mastra/core/agent";

/** The chunks that say what a model call cost. The text is in none of them that is passed on: nobody reads what has not been verified. */
const ACCOUNTS: ReadonlySet<string> = new Set(["start", "step-start", "step-finish", "finish"]);

interface Means {
  readonly abortSignal: AbortSignal;
  /** The step's: what is written to it is seen by whoever follows the run. */
  readonly writer: { write(chunk: unknown): Promise<void> };
}

/** The text of an agent, once it is whole. @throws where the model failed, or where something but its own end ended it: half of an answer is another one */
export async function textOf(agent: Agent, prompt: string, { abortSignal, writer }: Means): Promise<string> {
  const output = await agent.stream(prompt, { abortSignal });
  for await (const chunk of output.fullStream) {
    if (ACCOUNTS.has(chunk.type)) await writer.write(chunk);
  }
  if (output.error !== undefined) throw output.error;
  const reason = await output.finishReason;
  if (reason !== "stop") throw new Error(`The answer of the model is not whole: it ended for the reason ${reason}.`);
  return output.text;
}
