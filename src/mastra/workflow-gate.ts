import { MastraNonRetryableError } from "@mastra/core/error";
import { standardSchemaToJSONSchema } from "@mastra/core/schema";
import { ToolStream } from "@mastra/core/tools";
import type { AttemptContext } from "../core/agent-source.ts";
import type { RunEvent } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import type { Json } from "../core/json.ts";
import type { WorkflowStepRecord } from "../core/workflow-transcript.ts";
import type { AgentScope, Delegation } from "./agent-scope.ts";
import { delegating } from "./delegation.ts";
import { errorText } from "./error-text.ts";
import { toJson } from "./json-value.ts";
import { pause } from "./pause.ts";
import { stepDecision, type StepDecision } from "./workflow-decision.ts";
import type { ExecuteStep, GatedStep, StepParams } from "./workflow-step.ts";
import type { WorkflowVisits } from "./workflow-visits.ts";

/** What the gates of an attempt share. */
export interface StepWorld {
  readonly attempt: AttemptContext;
  readonly visits: WorkflowVisits;
  /** Stands for the workflow where an agent would stand. */
  readonly scope: AgentScope;
  /** Takes what a step writes. `output`: anything, or a chunk of an agent; `isOwn`: the chunk itself is meant. */
  take(callId: string, output: unknown, isOwn: boolean): Promise<void> | undefined;
  /** What is nested under the call from here on belongs to another execution of it. */
  reenter(record: WorkflowStepRecord): void;
  isIdempotent(name: string): boolean;
  nextInterruptId(): string;
  interrupt(request: InterruptRequest): void;
  /** Emits and waits until it is on the disk. */
  commit(event: RunEvent): Promise<void>;
}

interface StepCall {
  readonly gated: GatedStep;
  readonly callId: string;
  readonly record: WorkflowStepRecord | undefined;
  readonly input: Json | undefined;
  readonly params: StepParams;
}

/** What a step has said to Mastra while it executed. */
interface StepWords {
  state?: { readonly value: unknown };
  suspended?: { readonly payload: unknown };
  bailed?: { readonly result: unknown };
}

/**
 * The gate before each step of a workflow. Mastra goes through the workflow from its start in every attempt; what the log holds of a step is
 * handed back in its place, and a step of which it holds nothing is executed once its start is on the disk.
 */
export class StepGate {
  readonly #world: StepWorld;

  constructor(world: StepWorld) {
    this.#world = world;
  }

  /** `onRecorded`: told of a step that is not executed, since the log has its end. */
  async pass(gated: GatedStep, params: StepParams, execute: ExecuteStep, onRecorded: (record: WorkflowStepRecord) => void): Promise<unknown> {
    const call = this.#enter(gated, params);
    const { callId, record } = call;
    const mayRepeat = gated.kind !== "step" || this.#world.isIdempotent(`${gated.place.workflowId}/${gated.step.id}`);
    const decision = stepDecision(record, gated.logId, mayRepeat);
    switch (decision.action) {
      case "answer":
        onRecorded(decision.record);
        return this.#handBack(decision.record, params);
      case "fail":
        throw new Error(decision.message);
      case "wait":
        if (record?.state !== undefined) await params.setState(record.state);
        this.#world.interrupt(decision.request);
        return params.suspend(decision.request.payload);
      case "decline":
      case "give-up":
        await this.#world.commit({ type: "workflow-step-finished", callId, stepId: gated.logId, status: "failed", message: decision.message });
        throw new Error(decision.message);
      case "execute":
        return this.#execute(call, decision, execute);
    }
  }

  /** Waits until a time that is in the log. Gives the input on, as Mastra's own pause does. */
  async sleep(gated: GatedStep, params: StepParams, untilOf: (params: StepParams) => Promise<number>): Promise<unknown> {
    const { callId, record } = this.#enter(gated, params);
    const { attempt } = this.#world;
    if (record?.status === "success") return params.inputData;
    const recorded = (record?.input as { readonly until?: number } | undefined)?.until;
    const until = recorded ?? (await untilOf(params));
    if (recorded === undefined) await this.#world.commit({ type: "workflow-step-started", callId, stepId: gated.logId, input: { until } });
    await pause(until, params.abortSignal);
    if (attempt.signal.aborted || params.abortSignal.aborted) throw new Error("the attempt was stopped");
    await this.#world.commit({ type: "workflow-step-finished", callId, stepId: gated.logId, status: "success" });
    return params.inputData;
  }

  #enter(gated: GatedStep, params: StepParams): StepCall {
    const { place, logId, isOfList } = gated;
    if (this.#world.attempt.signal.aborted) throw new Error("the attempt was stopped");
    const input = params.inputData === undefined ? undefined : toJson(params.inputData);
    const visit = this.#world.visits.enter({ prefix: place.prefix, stepId: logId, ...(isOfList && { input: input ?? null }) });
    return { gated, ...visit, input, params };
  }

  async #handBack({ state, isBailed, output }: WorkflowStepRecord, params: StepParams): Promise<unknown> {
    if (state !== undefined) await params.setState(state);
    if (isBailed === true) params.bail(output);
    return output;
  }

  async #execute(call: StepCall, decision: Extract<StepDecision, { action: "execute" }>, execute: ExecuteStep): Promise<unknown> {
    const { gated, callId, record, input } = call;
    const { attempt } = this.#world;
    const stepId = gated.logId;
    // What records its own work goes on where it was; a plain step begins again, and the log says so.
    const isAnew = gated.kind === "step";
    if (isAnew && record !== undefined) this.#world.reenter(record);
    if (decision.isNew || isAnew) {
      await this.#world.commit({ type: "workflow-step-started", callId, stepId, ...(input !== undefined && { input }) });
      attempt.checkpoint("tool-start-committed");
    }
    const words: StepWords = record?.state === undefined ? {} : { state: { value: record.state } };
    if (words.state) await call.params.setState(words.state.value);
    try {
      const output = await this.#tries(call, words, (params) => this.#inCall(call, words, execute, params), decision);
      attempt.checkpoint("tool-executed");
      return await this.#finish(call, words, output);
    } catch (error) {
      // What fails once the attempt is stopped fails for that.
      if (!attempt.signal.aborted && !call.params.abortSignal.aborted) {
        await this.#world.commit({ type: "workflow-step-finished", callId, stepId, status: "failed", message: errorText(error), ...stateOf(words) });
      }
      throw error;
    }
  }

  /** The execution, again where it failed and may be tried again. */
  async #tries(
    { gated, params }: StepCall,
    words: StepWords,
    execute: (params: StepParams) => Promise<unknown>,
    { resumeData }: Extract<StepDecision, { action: "execute" }>,
  ): Promise<unknown> {
    const { place, step, kind } = gated;
    const retries = kind === "step" ? (step.retries ?? place.retries) : 0;
    for (let retryCount = 0; ; retryCount += 1) {
      try {
        return await execute({ ...params, ...this.#means(params, words), retryCount, ...(resumeData && { resumeData: resumeData.value }) } as StepParams);
      } catch (error) {
        if (retryCount >= retries || error instanceof MastraNonRetryableError || params.abortSignal.aborted) throw error;
        await pause(Date.now() + place.retryDelayMs, params.abortSignal);
      }
    }
  }

  /** The execution with a writer of its own: what it writes is in the log before its end is. */
  async #inCall({ gated, callId, params: { runId } }: StepCall, words: StepWords, execute: ExecuteStep, params: StepParams): Promise<unknown> {
    let taken: Promise<void> = Promise.resolve();
    const inOrder = (output: unknown, isOwn: boolean): Promise<void> => {
      taken = taken.then(() => this.#world.take(callId, output, isOwn));
      taken.catch(() => undefined);
      return taken;
    };
    const write = (chunk: unknown): Promise<void> => {
      const { type, payload } = chunk as { readonly type?: string; readonly payload?: { readonly output?: unknown } };
      return type === "workflow-step-output" ? inOrder(payload?.output, false) : inOrder(chunk, true);
    };
    const writer = new ToolStream({ prefix: "workflow-step", callId, name: gated.step.id, runId }, write);
    const delegation: Delegation = { scope: this.#world.scope, providerId: callId, toolCallId: callId, stuck: Promise.withResolvers<void>() };
    const given = gated.kind === "workflow" ? params : { ...params, writer, outputWriter: write };
    const stuck = delegation.stuck.promise.then(() => {
      words.suspended = { payload: undefined };
    });
    const executed = Promise.race([gated.kind === "workflow" ? execute(given, callId) : delegating(delegation, async () => execute(given, callId)), stuck]);
    // An agent may end, or fail, in the very step in which its tool asked.
    const output = await executed.catch((error: unknown) => {
      if (!this.#isAsking(callId)) throw error;
    });
    if (this.#isAsking(callId)) words.suspended = { payload: undefined };
    await taken;
    return output;
  }

  #isAsking(callId: string): boolean {
    return this.#world.scope.interrupted.has(callId);
  }

  /** The means by which a step tells Mastra more than its output. */
  #means(params: StepParams, words: StepWords): Pick<StepParams, "suspend" | "setState" | "bail"> {
    return {
      suspend: async (payload, options) => {
        await params.suspend(payload, options);
        words.suspended = { payload };
      },
      setState: async (state) => {
        await params.setState(state);
        words.state = { value: state };
      },
      bail: (result) => {
        words.bailed = { result };
        return params.bail(result);
      },
    };
  }

  async #finish(call: StepCall, words: StepWords, output: unknown): Promise<unknown> {
    const { gated, callId, params } = call;
    const { attempt } = this.#world;
    // What records its own work and was stopped may have returned the half of it.
    if (attempt.signal.aborted && gated.kind !== "step") throw new Error("the attempt was stopped");
    const base = { type: "workflow-step-finished", callId, stepId: gated.logId, ...stateOf(words) } as const;
    if (words.suspended) {
      const isAsking = gated.kind === "step";
      const request = isAsking ? this.#request(call, words.suspended.payload) : undefined;
      if (request) this.#world.interrupt(request);
      await this.#world.commit({ ...base, status: "suspended", ...(request && { request }) });
      attempt.checkpoint("tool-interrupted");
      // An agent inside it asked, and only the log knows.
      if (gated.kind === "agent") await params.suspend({});
      return output;
    }
    const result = words.bailed ? words.bailed.result : output;
    await this.#world.commit({
      ...base,
      status: "success",
      ...(result !== undefined && { output: toJson(result) }),
      ...(words.bailed && { isBailed: true as const }),
    });
    attempt.checkpoint("tool-result-committed");
    return output;
  }

  #request({ gated, callId, input }: StepCall, payload: unknown): InterruptRequest {
    const { step, place } = gated;
    return {
      id: this.#world.nextInterruptId(),
      kind: "workflow-suspend",
      toolCallId: callId,
      toolName: gated.logId,
      input: input ?? null,
      stepPath: [...place.path, step.id],
      ...(payload !== undefined && { payload: toJson(payload) }),
      ...(step.resumeSchema !== undefined && { resumeSchema: jsonSchemaOf(step.resumeSchema) }),
    };
  }
}

function stateOf({ state }: StepWords): { readonly state?: Json } {
  return state === undefined ? {} : { state: toJson(state.value) };
}

function jsonSchemaOf(schema: unknown): Json {
  return toJson(standardSchemaToJSONSchema(schema as never, { io: "input" }));
}
