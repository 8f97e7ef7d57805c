import type { Agent, AgentExecutionOptionsBase, MastraDBMessage } from "@mastra/core/agent";
import type { RequestContext } from "@mastra/core/request-context";
import type { AttemptContext, AttemptOutcome } from "../core/agent-source.ts";
import type { FinishReason, RunEvent } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import type { Usage } from "../core/usage.ts";
import { fenceMemory } from "./memory-fence.ts";
import { TRUNCATION_MARKER } from "./model-marker.ts";
import { initialNormalizeState, normalizeChunk, noteToolOutcome, uniqueToolCallId, type Normalized, type NormalizeState } from "./normalize.ts";
import { isStreamingModel, observedModel } from "./observed-model.ts";
import { recordedModel } from "./recorded-model.ts";
import { isReplayed, recordedTool } from "./replay-filter.ts";
import { StepGates } from "./step-gates.ts";
import { recordingHooks, type ToolRecorder } from "./tool-hooks.ts";

export interface AgentStreamOptions {
  readonly agent: Agent;
  readonly attempt: AttemptContext;
  /** The messages of the request, as they stand in the thread. */
  readonly question: readonly MastraDBMessage[];
  readonly requestContext: RequestContext;
  readonly hasMemory: boolean;
  readonly isIdempotent: (toolName: string) => boolean;
  readonly onUnknownChunk: (chunkType: string) => void;
}

type PrepareStep = NonNullable<AgentExecutionOptionsBase<unknown>["prepareStep"]>;
type StepInput = Parameters<PrepareStep>[0];
type StepModel = StepInput["model"];
type StepChange = Awaited<ReturnType<PrepareStep>>;

const ENDED_EARLY = "The model's answer ended before it was complete.";

/**
 * Drives one plain Mastra agent through one attempt. For the steps that the log holds, Mastra goes through its own loop again with
 * the recorded answers and results; where the log ends, the real model and the tools go on.
 */
export class AgentStream {
  readonly #options: AgentStreamOptions;
  readonly #attempt: AttemptContext;
  readonly #abort: AbortController = new AbortController();
  readonly #gates: StepGates = new StepGates();
  #state: NormalizeState = initialNormalizeState();
  /** The step that Mastra prepared last; the consumer of its stream may still be in the one before. */
  #prepared = 0;
  #current = 0;
  #stepUsage: Usage | undefined;
  #outcome: AttemptOutcome | undefined;
  #interrupts: InterruptRequest[] = [];
  #finish: { readonly finishReason?: FinishReason } | undefined;

  constructor(options: AgentStreamOptions) {
    this.#options = options;
    this.#attempt = options.attempt;
  }

  async drive(): Promise<AttemptOutcome> {
    const { signal } = this.#attempt;
    if (signal.aborted) return { outcome: "aborted" };
    const output = await this.#open();
    const reader = output.fullStream.getReader() as ReadableStreamDefaultReader<unknown>;
    const stop = (): void => {
      fenceMemory(this.#options.requestContext);
      this.#gates.close(new Error("the attempt was stopped"));
      this.#abort.abort();
      reader.cancel().catch(() => undefined);
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) break;
        await this.#take(value);
      }
      return signal.aborted ? { outcome: "aborted" } : this.#ending();
    } catch (error) {
      stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#gates.close(new Error("the agent's stream ended"));
    }
  }

  async #open(): Promise<Awaited<ReturnType<Agent["stream"]>>> {
    const { agent, question, requestContext, hasMemory } = this.#options;
    const { run } = this.#attempt;
    const defaults = await agent.getDefaultOptions({ requestContext });
    const userPrepare = defaults.prepareStep;
    return agent.stream([...question], {
      runId: run.id,
      ...(hasMemory && { memory: { thread: run.threadId, resource: run.resourceId } }),
      requestContext,
      abortSignal: this.#abort.signal,
      savePerStep: true,
      // A sibling of a tool that suspends would execute twice, and a tool's start would not mean that its model call is complete.
      eagerToolExecution: false,
      includeRawChunks: true,
      prepareStep: (args: StepInput) => this.#prepareStep(args, userPrepare),
      hooks: recordingHooks(agent, defaults.hooks, this.#recorder()),
    });
  }

  async #prepareStep(args: StepInput, userPrepare: PrepareStep | undefined): Promise<StepChange> {
    this.#prepared = args.stepNumber;
    const recorded = this.#attempt.transcript.steps[args.stepNumber];
    const messageId = this.#attempt.run.messageId;
    if (recorded?.modelFinished) return { model: observedModel(recordedModel(recorded), () => Promise.resolve()) as unknown as StepModel, messageId };
    const prepared = (await userPrepare?.(args)) ?? {};
    const model = await this.#resolveModel(prepared.model ?? args.model);
    return { ...prepared, messageId, ...(isStreamingModel(model) && { model: observedModel(model, () => this.#modelCalled()) as unknown as StepModel }) };
  }

  /** A user's `prepareStep` may name a model instead of giving one. */
  async #resolveModel(model: unknown): Promise<unknown> {
    if (isStreamingModel(model)) return model;
    const { agent, requestContext } = this.#options;
    const llm = await agent.getLLM({ requestContext, model: model as NonNullable<Parameters<Agent["getLLM"]>[0]>["model"] & {} });
    return llm.getModel();
  }

  async #modelCalled(): Promise<void> {
    this.#attempt.checkpoint("model-called");
    return Promise.resolve();
  }

  #recorder(): ToolRecorder {
    return {
      attempt: this.#attempt,
      answerCommitted: () => this.#gates.passed(this.#prepared),
      recorded: (toolCallId) => {
        const id = uniqueToolCallId(this.#state, toolCallId);
        return { id, part: recordedTool(this.#attempt.transcript.steps[this.#prepared], id) };
      },
      isIdempotent: this.#options.isIdempotent,
      report: (toolCallId, { toolName, output, error, outcomeUnknown }) => {
        const type = error === undefined ? "tool-result" : "tool-error";
        const payload = { toolCallId, toolName, ...(error === undefined ? { result: output } : { error }) };
        const [state, items] = normalizeChunk(this.#state, { type, payload });
        this.#state = noteToolOutcome(state, toolCallId);
        for (const item of items) {
          if ("event" in item)
            void this.#attempt.emit(outcomeUnknown === true && item.event.type === "tool-error" ? { ...item.event, outcomeUnknown } : item.event);
        }
      },
    };
  }

  async #take(chunk: unknown): Promise<void> {
    if (isTruncation(chunk)) {
      this.#gates.close(new Error(ENDED_EARLY));
      this.#outcome ??= { outcome: "failed", error: { code: "AGENT_FAILED", message: ENDED_EARLY } };
      return;
    }
    const [state, items] = normalizeChunk(this.#state, chunk);
    this.#state = state;
    for (const item of items) {
      if ("event" in item) {
        const behind = this.#record(item.event);
        if (behind) await behind;
      } else {
        this.#note(item);
      }
    }
  }

  #record(given: RunEvent): Promise<void> | undefined {
    const event = given.type === "step-finished" ? this.#withOwnUsage(given) : given;
    if (event.type === "step-started") this.#current = event.step;
    if (event.type === "model-finished") this.#stepUsage = event.usage;
    const behind = isReplayed(this.#attempt.transcript, this.#current, event) ? undefined : this.#attempt.emit(event);
    if (event.type === "text-delta") this.#attempt.checkpoint("model-streaming");
    if (event.type === "model-finished") return this.#answerComplete(event.step);
    if (event.type === "step-finished") return this.#stepComplete();
    return behind;
  }

  /** Mastra reports the sum of all steps at the end of the last one; what the provider reported for the step is known already. */
  #withOwnUsage(event: Extract<RunEvent, { type: "step-finished" }>): RunEvent {
    const { usage: _sum, ...rest } = event;
    return this.#stepUsage === undefined ? rest : { ...rest, usage: this.#stepUsage };
  }

  async #answerComplete(step: number): Promise<void> {
    await this.#attempt.commit();
    this.#gates.open(step);
    this.#attempt.checkpoint("model-finished");
  }

  async #stepComplete(): Promise<void> {
    await this.#attempt.commit();
    this.#attempt.checkpoint("step-finished");
  }

  #note(item: Exclude<Normalized, { event: RunEvent }>): void {
    switch (item.signal) {
      case "error":
        this.#gates.close(new Error(item.message));
        this.#outcome ??= { outcome: "failed", error: { code: "AGENT_FAILED", message: item.message } };
        return;
      case "interrupt":
        this.#interrupts.push({ ...item.request, id: `int_${this.#attempt.run.id.replace(/^run_/, "")}_${item.request.toolCallId}` });
        return;
      case "finish":
        this.#finish = { ...(item.finishReason !== undefined && { finishReason: item.finishReason }) };
        return;
      case "unknown-chunk":
        this.#options.onUnknownChunk(item.chunkType);
        return;
      case "abort":
    }
  }

  #ending(): AttemptOutcome {
    if (this.#outcome) return this.#outcome;
    if (this.#interrupts.length > 0) return { outcome: "suspended", interrupts: this.#interrupts };
    if (this.#finish?.finishReason === "error") return { outcome: "failed", error: { code: "AGENT_FAILED", message: "The model reported an error." } };
    return { outcome: "completed", ...this.#finish };
  }
}

function isTruncation(chunk: unknown): boolean {
  const { type, payload } = chunk as { readonly type?: unknown; readonly payload?: { readonly holdfast?: unknown } };
  return type === "raw" && payload?.holdfast === TRUNCATION_MARKER;
}
