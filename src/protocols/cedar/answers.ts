import { HoldfastError } from "../../core/error.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { Json } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Answered, Engine } from "../../core/protocol.ts";
import { BadRequest } from "./bad-request.ts";
import type { CedarResume } from "./decode.ts";
import { askingRunId } from "./question-id.ts";

/** More questions than a run asks at once. */
const MAX_QUESTIONS = 1_000;

/**
 * Hands an answer to the question that it names.
 * @throws {HoldfastError} RUN_NOT_FOUND, INTERRUPT_CLOSED when the run asks nothing, and what {@link Engine.answer} throws
 * @throws {BadRequest} when `stepPath` names no question of the run, or several, and when the answer does not fit
 */
export async function takeAnswer(engine: Engine, principal: Principal, { runId, path, resumeData }: CedarResume): Promise<Answered> {
  const run = await engine.getRun(principal, askingRunId(runId));
  const { interrupts } = await engine.listInterrupts(principal, { runId: run.id, limit: MAX_QUESTIONS });
  if (interrupts.length === 0) {
    throw new HoldfastError("INTERRUPT_CLOSED", `Run ${run.id} is ${run.status} and asks nothing; there is nothing to resume.`);
  }
  const interrupt = named(interrupts, path);
  return engine.answer(principal, [{ interruptId: interrupt.id, answer: answerTo(interrupt, resumeData) }]).catch(unfit);
}

/** The id of the question and its place are known by now, so what is wrong is what it was answered with. */
function unfit(error: unknown): never {
  if (HoldfastError.is(error) && error.code === "INPUT_INVALID") throw new BadRequest([{ path: "resumeData", message: error.message }]);
  throw error;
}

/** The stock client echoes the id of the question; an application may name the step of a workflow, or a tool, instead. */
function named(interrupts: readonly Interrupt[], path: readonly string[]): Interrupt {
  const last = path[path.length - 1];
  const isNamed: readonly ((interrupt: Interrupt) => boolean)[] = [
    ({ id }) => path.includes(id),
    ({ stepPath }) => stepPath !== undefined && stepPath.length === path.length && stepPath.every((step, index) => step === path[index]),
    ({ toolCallId }) => path.length === 1 && toolCallId === last,
    ({ toolName }) => path.length === 1 && toolName === last,
  ];
  for (const fits of isNamed) {
    const [found, another] = interrupts.filter(fits);
    if (another !== undefined) throw new BadRequest([{ path: "stepPath", message: "Several questions of the run have this name; give the interrupt's id." }]);
    if (found !== undefined) return found;
  }
  throw new BadRequest([{ path: "stepPath", message: "The run asks no question of this name." }]);
}

function answerTo({ kind }: Interrupt, resumeData: Json): Json {
  if (kind === "frontend-tool") return { output: resumeData };
  return kind === "tool-approval" && typeof resumeData === "boolean" ? { approved: resumeData } : resumeData;
}
