import { ToolStream } from "@mastra/core/tools";
import type { Json } from "../core/json.ts";
import type { AgentScope, Delegation } from "./agent-scope.ts";
import { copiedValue } from "./copied-value.ts";
import { delegating } from "./delegation.ts";
import { answerOf } from "./workflow-answer.ts";
import { restoredValue } from "./kept-value.ts";
import { StepWords } from "./step-words.ts";
import type { ExecuteStep, StepCall, StepParams } from "./workflow-step.ts";

/** What an execution of a step needs of the attempt. */
export interface ExecutionWorld {
  /** Stands for the workflow where an agent would stand. */
  readonly scope: AgentScope;
  /** Takes what a step writes. `output`: anything, or a chunk of an agent; `isOwn`: the chunk itself is meant. */
  take(callId: string, output: unknown, isOwn: boolean): Promise<void> | undefined;
}

/** One execution of a step, with what stands for Mastra's means: what it writes and says is in the log before its end is. */
export class StepExecution {
  readonly #call: StepCall;
  readonly #world: ExecutionWorld;
  readonly #words: StepWords;
  #taken: Promise<void> = Promise.resolve();

  constructor(call: StepCall, world: ExecutionWorld) {
    this.#call = call;
    this.#world = world;
    this.#words = new StepWords(call.gated.step, call.params);
  }

  async run(execute: ExecuteStep): Promise<{ readonly output: unknown; readonly words: StepWords }> {
    const { gated, callId, firstId } = this.#call;
    const words = this.#words;
    const params = await this.#params();
    const delegation: Delegation = { scope: this.#world.scope, providerId: callId, toolCallId: callId, keyId: firstId, stuck: Promise.withResolvers<void>() };
    const stuck = delegation.stuck.promise;
    const executed = gated.kind === "workflow" ? execute(params, callId) : delegating(delegation, async () => execute(params, callId));
    // An agent may end, or fail, in the very step in which its tool asked.
    const output = await Promise.race([executed, stuck]).catch((error: unknown) => {
      if (!this.#isAsking()) throw error;
    });
    if (this.#isAsking()) words.suspended = { payload: {} };
    await this.#taken;
    return { output, words };
  }

  #isAsking(): boolean {
    return this.#world.scope.interrupted.has(this.#call.callId);
  }

  async #params(): Promise<StepParams> {
    const { gated, callId, record, answered, retryCount, params } = this.#call;
    const write = (chunk: unknown): Promise<void> => {
      const { type, payload } = chunk as { readonly type?: string; readonly payload?: { readonly output?: unknown } };
      return type === "workflow-step-output" ? this.#take(payload?.output, false) : this.#take(chunk, true);
    };
    const { answer, interrupt } = answered ?? {};
    const resumed = answer && { resumeData: await this.#resumeData(answer.value), suspendData: interrupt?.payload };
    const means = { ...this.#words.means(), retryCount, ...resumed };
    const given = { ...params, ...means, ...ownCopies(params) };
    // A workflow's steps write for themselves, and say of the state again what they had said of it.
    if (gated.kind === "workflow") return given;
    // What it had said of the state before it asked holds from there on.
    const { state: json, kinds } = [record, answered].find((known) => known?.state !== undefined) ?? {};
    const state = restoredValue({ json, kinds: kinds?.state });
    if (state !== undefined) this.#words.state = { value: state };
    const known = state !== undefined && { state: { ...(given.state as object), ...(copiedValue(state) as object) } };
    const writing = { writer: new ToolStream({ prefix: "workflow-step", callId, name: gated.step.id, runId: params.runId }, write), outputWriter: write };
    return { ...given, ...known, ...writing };
  }

  async #resumeData(answer: Json): Promise<unknown> {
    const { gated, params } = this.#call;
    const checked = await answerOf(gated.step, answer, params.validateInputs);
    if (checked.faults === undefined) return checked.value;
    throw new Error(`Step resume data validation failed: ${checked.faults}`);
  }

  #take(output: unknown, isOwn: boolean): Promise<void> {
    this.#taken = this.#taken.then(() => this.#world.take(this.#call.callId, output, isOwn));
    this.#taken.catch(() => undefined);
    return this.#taken;
  }
}

/** What Mastra gives the step by reference. */
function ownCopies(params: StepParams): Partial<StepParams> {
  return {
    inputData: copiedValue(params.inputData),
    state: copiedValue(params.state),
    getStepResult: (step) => copiedValue(params.getStepResult(step)),
    getInitData: () => copiedValue(params.getInitData()),
  };
}
