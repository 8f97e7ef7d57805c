import { MastraNonRetryableError } from "@mastra/core/error";
import type { AttemptContext } from "../core/agent-source.ts";
import { HoldfastError } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";
import { errorText } from "./error-text.ts";
import { toJson } from "./json-value.ts";
import { keptValue, restoredValue, type KeptValue } from "./kept-value.ts";
import type { LostOutcomes } from "./lost-outcomes.ts";
import { pause } from "./pause.ts";
import { StepExecution, type ExecutionWorld } from "./step-execution.ts";
import { failureOf, recordedFailure } from "./step-failure.ts";
import { stepRequest } from "./step-request.ts";
import type { StepWords } from "./step-words.ts";
import { stepDecision, type StepDecision } from "./workflow-decision.ts";
import type { ExecuteStep, GatedStep, StepCall, StepParams } from "./workflow-step.ts";
import type { StepVisit, WorkflowVisits } from "./workflow-visits.ts";

/** What the gates of an attempt share. */
export interface StepWorld extends ExecutionWorld {
  readonly attempt: AttemptContext;
  readonly visits: WorkflowVisits;
  readonly lost: LostOutcomes;
  /** What is nested under the call from here on belongs to another execution of it. */
  reenter(record: WorkflowStepRecord): void;
  isIdempotent(name: string): boolean;
  nextInterruptId(): string;
  interrupt(request: InterruptRequest): void;
  /** What was asked inside the call is not asked any more: another one is made in its place. */
  withdraw(callId: string): void;
  /** Ends the attempt with this. */
  refuse(error: HoldfastError): void;
  /** Emits and waits until it is on the disk. */
  commit(event: RunEvent): Promise<void>;
}

type Execute = Extract<StepDecision, { action: "execute" }>;

/** How a call of a step ended: with what it gives Mastra, or to be tried again at a time. */
type CallEnd = { readonly output: unknown } | { readonly retryAt: number };

/**
 * The gate before each step of a workflow. Mastra goes through the workflow from its start in every attempt; what the log holds of a step is
 * handed back in its place, and a step of which it holds nothing is executed once its start is on the disk.
 */
export class StepGate {
  readonly #world: StepWorld;

  constructor(world: StepWorld) {
    this.#world = world;
  }

  /** `onRecorded`: told that the step is not executed, since the log has its end or its question. */
  async pass(gated: GatedStep, params: StepParams, execute: ExecuteStep, onRecorded: () => void): Promise<unknown> {
    for (let call = this.#enter(gated, params); ; call = this.#again(call)) {
      const end = await this.#follow(call, execute, onRecorded);
      if ("output" in end) return end.output;
      await pause(end.retryAt, params.abortSignal);
      this.#refuseStopped(params);
    }
  }

  async #follow(call: StepCall, execute: ExecuteStep, onRecorded: () => void): Promise<CallEnd> {
    const { gated, record, params } = call;
    const mayRepeat = gated.kind !== "step" || this.#world.isIdempotent(`${gated.place.workflowId}/${gated.step.id}`);
    const decision = stepDecision(record, gated.logId, mayRepeat);
    switch (decision.action) {
      case "answer":
        onRecorded();
        return { output: await this.#handBack(decision.record, params) };
      case "fail":
        throw recordedFailure(decision.record);
      case "retry":
        return { retryAt: decision.at };
      case "wait":
        onRecorded();
        if (record?.state !== undefined) await params.setState(stateIn(record));
        this.#world.interrupt(decision.request);
        return { output: await params.suspend(decision.request.payload) };
      case "decline":
      case "give-up":
        return this.#fail(call, new MastraNonRetryableError(decision.message));
      case "execute":
        return this.#execute(call, decision, execute);
    }
  }

  /** Waits until a time that is in the log. Gives the input on, as Mastra's own pause does. */
  async sleep(gated: GatedStep, params: StepParams, untilOf: (params: StepParams) => Promise<number>): Promise<unknown> {
    const { callId, record } = this.#enter(gated, params);
    if (record?.status === "success") return params.inputData;
    const recorded = (record?.input as { readonly until?: number } | undefined)?.until;
    const until = recorded ?? (await untilOf(params));
    if (recorded === undefined) await this.#world.commit({ type: "workflow-step-started", callId, stepId: gated.logId, input: { until } });
    await pause(until, params.abortSignal);
    this.#refuseStopped(params);
    await this.#world.commit({ type: "workflow-step-finished", callId, stepId: gated.logId, status: "success" });
    return params.inputData;
  }

  #enter(gated: GatedStep, params: StepParams): StepCall {
    const { place, logId, siblings, isOfList } = gated;
    this.#refuseStopped(params);
    const input = params.inputData === undefined ? undefined : toJson(params.inputData);
    const visit = this.#world.visits.enter({ prefix: place.prefix, stepId: logId, siblings, ...(isOfList && { input: input ?? null }) });
    if (visit.missed !== undefined) this.#refuseChanged(visit.callId, place.prefix + visit.missed);
    this.#comeTo(visit);
    return { gated, ...visit, firstId: visit.callId, retryCount: 0, answered: visit.record, input, params };
  }

  /** The call that tries a failed one again. What was answered to one of them all of them have. */
  #again(failed: StepCall): StepCall {
    const retryCount = failed.retryCount + 1;
    const visit = this.#world.visits.retry(failed.callId, failed.firstId, retryCount + 1);
    const answered = visit.record?.answer === undefined ? failed.answered : visit.record;
    this.#comeTo(visit);
    return { ...failed, ...visit, retryCount, retryOf: failed.callId, answered };
  }

  /** What becomes of a call that was under way is known again from here on. */
  #comeTo({ callId, record }: StepVisit): void {
    if (record?.status === "started") this.#world.lost.delete(callId);
  }

  async #handBack(record: WorkflowStepRecord, params: StepParams): Promise<unknown> {
    const output = restoredValue({ json: record.output, kinds: record.kinds?.output });
    if (record.state !== undefined) await params.setState(stateIn(record));
    if (record.isBailed === true) params.bail(output);
    return output;
  }

  async #execute(call: StepCall, decision: Execute, execute: ExecuteStep): Promise<CallEnd> {
    const { gated, callId, record, input, retryOf } = call;
    const { attempt } = this.#world;
    const stepId = gated.logId;
    // What records its own work goes on where it was; a plain step begins again, and the log says so.
    const isAnew = gated.kind === "step";
    if (isAnew && record !== undefined) this.#world.reenter(record);
    if (decision.isNew || isAnew) {
      const beginning = { ...(input !== undefined && { input }), ...(retryOf !== undefined && { retryOf }) };
      await this.#world.commit({ type: "workflow-step-started", callId, stepId, ...beginning });
      attempt.checkpoint("tool-start-committed");
    }
    try {
      const { output, words } = await new StepExecution(call, this.#world).run(execute);
      attempt.checkpoint("tool-executed");
      return { output: await this.#finish(call, words, output) };
    } catch (error) {
      // What fails once the attempt is stopped fails for that.
      if (attempt.signal.aborted || call.params.abortSignal.aborted) throw error;
      return this.#fail(call, error);
    }
  }

  async #fail(call: StepCall, error: unknown): Promise<CallEnd> {
    const { gated, callId, retryCount } = call;
    const { place, step } = gated;
    const { lost } = this.#world;
    const isFatal = error instanceof MastraNonRetryableError || lost.has(callId);
    const rule = { ...place.retry, ...(step.retries !== undefined && { retries: step.retries }) };
    const failure = failureOf(error, { isFatal, rule, tried: retryCount, now: Date.now() });
    if (isFatal) lost.add(callId);
    await this.#world.commit({ type: "workflow-step-finished", callId, stepId: gated.logId, ...failure });
    this.#world.attempt.checkpoint("tool-result-committed");
    if (failure.retryAt === undefined) throw error;
    this.#world.withdraw(callId);
    return { retryAt: failure.retryAt };
  }

  async #finish(call: StepCall, words: StepWords, output: unknown): Promise<unknown> {
    const { gated, callId } = call;
    const { attempt } = this.#world;
    let given = output;
    // What records its own work and was stopped may have returned the half of it.
    if (gated.kind !== "step") this.#refuseStopped(call.params);
    const base = { type: "workflow-step-finished", callId, stepId: gated.logId } as const;
    const state = words.state && kept(words.state.value, "set a state");
    // Whoever comes next gets what the next attempt would give it.
    if (state) words.state = { value: restoredValue(state) };
    if (words.suspended) {
      // Of what an agent or a workflow asks inside it, the log knows already.
      const isAsking = gated.kind === "step" || gated.kind === "mapping";
      const request = isAsking ? stepRequest(call, this.#world.nextInterruptId(), words.suspended.payload) : undefined;
      if (request) this.#world.interrupt(request);
      await this.#world.commit({ ...base, status: "suspended", ...fieldsOf({ state }), ...(request && { request }) });
      attempt.checkpoint("tool-interrupted");
    } else {
      const result = kept(words.bailed ? words.bailed.result : output, "gave a value");
      await this.#world.commit({ ...base, status: "success", ...fieldsOf({ state, output: result }), ...(words.bailed && { isBailed: true as const }) });
      attempt.checkpoint("tool-result-committed");
      given = restoredValue(result);
      if (words.bailed) words.bailed = { result: given };
    }
    await words.tell();
    return given;
  }

  /** A step that is new to the log may come before one that it holds only where the workflow was changed under its run. */
  #refuseChanged(callId: string, missed: string): never {
    const message = `The workflow is another one than the run began with: it comes to step ${callId} where the run was at step ${missed}. Nothing was executed.`;
    const error = new HoldfastError("WORKFLOW_CHANGED", message);
    this.#world.refuse(error);
    throw error;
  }

  #refuseStopped(params: StepParams): void {
    if (this.#world.attempt.signal.aborted || params.abortSignal.aborted) throw new Error("the attempt was stopped");
  }
}

function stateIn({ state, kinds }: WorkflowStepRecord): unknown {
  return restoredValue({ json: state, kinds: kinds?.state });
}

/** @throws a step's failure that no other try would mend */
function kept(value: unknown, what: string): KeptValue {
  try {
    return keptValue(value);
  } catch (error) {
    throw new MastraNonRetryableError(`The step ${what} that cannot be kept: it ${errorText(error)}.`);
  }
}

function fieldsOf({
  state,
  output,
}: {
  readonly state: KeptValue | undefined;
  readonly output?: KeptValue;
}): Pick<WorkflowStepRecord, "output" | "state" | "kinds"> {
  const kinds = { ...(output?.kinds && { output: output.kinds }), ...(state?.kinds && { state: state.kinds }) };
  return {
    ...(output?.json !== undefined && { output: output.json }),
    ...(state?.json !== undefined && { state: state.json }),
    ...(Object.keys(kinds).length > 0 && { kinds }),
  };
}
