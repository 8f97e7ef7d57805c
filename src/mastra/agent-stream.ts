import type { Agent, MastraDBMessage } from "@mastra/core/agent";
import type { MemoryConfig } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import { unlessAborted } from "../core/abort.ts";
import type { AttemptContext, AttemptOutcome } from "../core/agent-source.ts";
import type { FinishReason, RunEvent } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import type { Usage } from "../core/usage.ts";
import { guardedCallbacks } from "./guarded-callbacks.ts";
import { fenceMemory } from "./memory-fence.ts";
import { TRUNCATION_MARKER } from "./model-marker.ts";
import { initialNormalizeState, normalizeChunk, noteToolOutcome, uniqueToolCallId, type Normalized, type NormalizeState } from "./normalize.ts";
import { isReplayed, recordedTool } from "./replay-filter.ts";
import { StepGates } from "./step-gates.ts";
import { stepPreparation } from "./step-preparation.ts";
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
  /** A callback of the agent's own configuration threw. */
  readonly onCallbackError: (error: unknown) => void;
}

// Mastra's last writes take milliseconds; a tool that does not heed its abort signal is not waited for.
const WIND_DOWN_MS = 300;

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
  #isStopped = false;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;
  #windDown: NodeJS.Timeout | undefined;
  /** Mastra looks at this very object whenever it saves a step. */
  readonly #memoryOptions: MemoryConfig = {};
  #interrupts: InterruptRequest[] = [];
  #finish: { readonly finishReason?: FinishReason } | undefined;

  constructor(options: AgentStreamOptions) {
    this.#options = options;
    this.#attempt = options.attempt;
  }

  async drive(): Promise<AttemptOutcome> {
    const { signal } = this.#attempt;
    const stop = (): void => this.#stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted) return { outcome: "aborted" };
      const output = await unlessAborted(this.#open(), signal, WIND_DOWN_MS);
      if (output === undefined) return { outcome: "aborted" };
      await this.#consume(output.fullStream.getReader());
      return signal.aborted ? { outcome: "aborted" } : this.#ending();
    } catch (error) {
      this.#stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      clearTimeout(this.#windDown);
      this.#gates.close(new Error("the agent's stream ended"));
    }
  }

  /** Takes chunk by chunk to the end. Behind a stop only Mastra's last writes to its storage are waited for, a moment at most. */
  async #consume(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    this.#reader = reader;
    if (this.#isStopped) this.#leaveSoon();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (this.#isStopped) continue;
      // Waiting for nothing costs a turn of the microtask queue, and most chunks wait for nothing.
      const behind = this.#take(value);
      if (behind) await behind;
      // Mastra takes a tool that is held back for one that failed and would ask the model again.
      if (this.#outcome) this.#stop();
    }
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    fenceMemory(this.#options.requestContext);
    this.#memoryOptions.readOnly = true;
    this.#gates.close(new Error("the attempt was stopped"));
    this.#abort.abort();
    this.#leaveSoon();
  }

  #leaveSoon(): void {
    this.#windDown ??= setTimeout(() => {
      this.#windDown = undefined;
      this.#reader?.cancel().catch(() => undefined);
    }, WIND_DOWN_MS);
  }

  async #open(): Promise<Awaited<ReturnType<Agent["stream"]>>> {
    const { agent, attempt, question, requestContext, hasMemory, onCallbackError } = this.#options;
    const { run } = attempt;
    const defaults = await agent.getDefaultOptions({ requestContext });
    const hooks = recordingHooks(agent, defaults.hooks, this.#recorder());
    Object.assign(this.#memoryOptions, defaults.memory?.options);
    return agent.stream([...question], {
      ...(guardedCallbacks(defaults, onCallbackError) as object),
      runId: run.id,
      ...(hasMemory && { memory: { thread: run.threadId, resource: run.resourceId, options: this.#memoryOptions } }),
      requestContext,
      abortSignal: this.#abort.signal,
      // The thread gets the answer when it is whole; until then the log has it. What an attempt had saved of a half answer, the next
      // one would have to delete, and LibSQL's deletion blocks the process for seconds when it meets another write.
      savePerStep: false,
      // A sibling of a tool that suspends would execute twice, and a tool's start would not mean that its model call is complete.
      eagerToolExecution: false,
      includeRawChunks: true,
      prepareStep: stepPreparation({ agent, attempt, requestContext, own: defaults.prepareStep, hooks, onStep: (step) => (this.#prepared = step) }),
      hooks,
    });
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
      onHookError: this.#options.onCallbackError,
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

  #take(chunk: unknown): Promise<void> | undefined {
    if (isTruncation(chunk)) {
      this.#gates.close(new Error(ENDED_EARLY));
      this.#outcome ??= { outcome: "failed", error: { code: "AGENT_FAILED", message: ENDED_EARLY } };
      return undefined;
    }
    const [state, items] = normalizeChunk(this.#state, chunk);
    this.#state = state;
    return this.#recordFrom(items, 0);
  }

  #recordFrom(items: readonly Normalized[], first: number): Promise<void> | undefined {
    for (const [index, item] of items.entries()) {
      if (index < first) continue;
      if (!("event" in item)) {
        this.#note(item);
        continue;
      }
      const behind = this.#record(item.event);
      if (behind) return behind.then(() => this.#recordFrom(items, index + 1));
    }
    return undefined;
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
