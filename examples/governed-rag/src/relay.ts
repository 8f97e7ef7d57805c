import { z } from "zod";
import { textOf, type Act, type Message } from "./acting-model.ts";
import { markOf } from "./citations.ts";
import { runFailure } from "./failure.ts";
import { questionSchema } from "./workflow.ts";

const answered = z.object({ answer: z.string(), citations: z.array(z.object({ docId: z.string(), source: z.string() })) });

/**
 * What stands where the assistant would have a model: the newest message of the user goes to the tool as it is, and what the tool has verified goes to
 * the user. A model that phrases answers anew could say what nobody has checked, at every route that the assistant is reached by.
 *
 * @throws where the tool gave no answer: the run fails, as that of the workflow does
 */
export function relay(prompt: readonly Message[], toolName: string): Act {
  const asked = prompt.findLastIndex(({ role }) => role === "user");
  const [result] = prompt.slice(asked + 1).flatMap(resultsOf);
  if (result === undefined) {
    const question = questionSchema.safeParse({ question: textOf(prompt[asked]) });
    if (!question.success) throw runFailure("QUESTION_INVALID");
    return { toolName, input: question.data };
  }
  const { success, data } = answered.safeParse(result.value);
  if (!success) throw new Error(typeof result.value === "string" ? result.value : "The question was not answered.");
  return { text: [data.answer, ...data.citations.map(({ docId, source }) => `${markOf(docId)} ${source}`)].join("\n") };
}

function resultsOf({ role, content }: Message): readonly { readonly value?: unknown }[] {
  if (role !== "tool" || typeof content === "string") return [];
  return content.flatMap((part) => (part.type === "tool-result" ? [(part.output ?? {}) as { readonly value?: unknown }] : []));
}
