import type { Agent, MastraDBMessage } from "@mastra/core/agent";
import type { MemoryConfig } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import { unlessAborted } from "../core/abort.ts";
import type { AttemptContext, AttemptOutcome } from "../core/agent-source.ts";
import type { FinishReason } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import { AgentScope, type ScopeWorld } from "./agent-scope.ts";
import { AnswerSchema, OUTPUT_INVALID } from "./answer-schema.ts";
import type { ApprovalPolicy } from "./approval-rule.ts";
import { ChunkRecorder, type ChunkSignal } from "./chunk-recorder.ts";
import { guardedCallbacks } from "./guarded-callbacks.ts";
import { fenceMemory } from "./memory-fence.ts";
import { memoryOptionsOf } from "./memory-options.ts";
import { TRUNCATION_MARKER } from "./model-marker.ts";
import { clientToolsOf } from "./page-tools.ts";
import { stepPreparation } from "./step-preparation.ts";
import { withRecordedSubAgents, type SubAgentRecorder } from "./sub-agents.ts";
import { CurrentToolCall, TOOL_CALL_KEY } from "./tool-context.ts";
import { recordingHooks } from "./tool-hooks.ts";
import { tracingOf } from "./tracing.ts";
import { WORKING_MEMORY_TOOLS, type StateLog } from "./working-memory.ts";

export interface AgentStreamOptions {
  readonly agent: Agent;
  readonly attempt: AttemptContext;
  /** The messages of the request, as they stand in the thread. */
  readonly question: readonly MastraDBMessage[];
  readonly requestContext: RequestContext;
  readonly hasMemory: boolean;
  readonly states: StateLog;
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
  readonly #chunks: ChunkRecorder;
  readonly #scopes: AgentScope[] = [];
  readonly #root: AgentScope;
  readonly #interrupts: InterruptRequest[] = [];
  #outcome: AttemptOutcome | undefined;
  #isStopped = false;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;
  #windDown: NodeJS.Timeout | undefined;
  /** Mastra looks at this very object whenever it saves a step. */
  readonly #memoryOptions: MemoryConfig = {};
  #finish: { readonly finishReason?: FinishReason } | undefined;

  constructor(options: AgentStreamOptions) {
    this.#options = options;
    this.#attempt = options.attempt;
    this.#chunks = new ChunkRecorder(options.attempt, (signal) => this.#note(signal));
    this.#root = new AgentScope(this.#world(), options.agent.id);
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
      this.#closeGates(new Error("the agent's stream ended"));
    }
  }

  #world(): ScopeWorld {
    return {
      attempt: this.#attempt,
      state: () => this.#chunks.state,
      onScope: (scope) => {
        this.#scopes.push(scope);
        this.#chunks.register(scope);
      },
      onHookError: this.#options.onCallbackError,
    };
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
    this.#fenceMemory();
    this.#closeGates(new Error("the attempt was stopped"));
    this.#abort.abort();
    this.#leaveSoon();
  }

  #fenceMemory(): void {
    fenceMemory(this.#options.requestContext);
    this.#memoryOptions.readOnly = true;
  }

  #closeGates(reason: Error): void {
    for (const scope of this.#scopes) scope.gates.close(reason);
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
    const approvalPolicy = defaults.requireToolApproval as ApprovalPolicy;
    const recorder = this.#recorder();
    const hooks = recordingHooks(agent, defaults.hooks, this.#root, recorder);
    const recorded = await withRecordedSubAgents(agent, this.#root, recorder, requestContext, approvalPolicy);
    const memoryOptions = Object.assign(this.#memoryOptions, memoryOptionsOf(defaults.memory?.options, run));
    const clientTools = await clientToolsOf({ agent, run, requestContext, defaults, memoryOptions });
    const { notes, outputSchema } = run.input;
    requestContext.set(TOOL_CALL_KEY, new CurrentToolCall());
    return recorded.stream([...question], {
      ...(guardedCallbacks(defaults, this.#root, onCallbackError) as object),
      runId: run.id,
      tracingOptions: tracingOf(attempt, defaults.tracingOptions),
      ...(hasMemory && { memory: { thread: run.threadId, resource: run.resourceId, options: this.#memoryOptions } }),
      requestContext,
      clientTools,
      // Messages of the system are for the model alone, and go to no thread.
      ...(notes && { system: [defaults.system ?? [], notes].flat() as string[] }),
      ...(outputSchema && { structuredOutput: new AnswerSchema(outputSchema) as never }),
      abortSignal: this.#abort.signal,
      // The thread gets the answer when it is whole; until then the log has it. What an attempt had saved of a half answer, the next
      // one would have to delete, and LibSQL's deletion blocks the process for seconds when it meets another write.
      savePerStep: false,
      // A sibling of a tool that suspends would execute twice, and a tool's start would not mean that its model call is complete.
      eagerToolExecution: false,
      // The gates of the tools ask instead.
      requireToolApproval: false,
      includeRawChunks: true,
      prepareStep: stepPreparation({
        agent,
        scope: this.#root,
        keeper: recorder,
        requestContext,
        own: defaults.prepareStep,
        hooks,
        approvalPolicy,
        onStuck: () => this.#stuck(),
      }),
      hooks,
    });
  }

  /** The step that asked, or failed, has ended; the reader of the chunks comes to its end and stops Mastra. */
  #stuck(): Promise<never> {
    return new Promise((_resolve, reject) => {
      const { signal } = this.#abort;
      const leave = (): void => reject(new Error("no step follows"));
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
  }

  #recorder(): SubAgentRecorder {
    return {
      isIdempotent: this.#options.isIdempotent,
      idOf: (scope, providerId) => this.#chunks.idOf(scope, providerId),
      report: (scope, providerId, outcome) => this.#chunks.report(scope, providerId, outcome),
      dropLaterOutcome: (scope, providerId) => this.#chunks.dropLaterOutcome(scope, providerId),
      nextInterruptId: () => this.#nextInterruptId(),
      interrupt: (request) => {
        // Of a run that waits for an answer Mastra keeps nothing: the thread is written from the log.
        this.#fenceMemory();
        this.#interrupts.push(request);
      },
      onCallbackError: this.#options.onCallbackError,
      onOutcome: async (toolName) => {
        if (WORKING_MEMORY_TOOLS.includes(toolName)) await this.#options.states.tell().catch(this.#options.onCallbackError);
      },
    };
  }

  #nextInterruptId(): string {
    const { run, attempt } = this.#attempt;
    return `int_${run.id.replace(/^run_/, "")}_${attempt}_${this.#interrupts.length}`;
  }

  #take(chunk: unknown): Promise<void> | undefined {
    if (isTruncation(chunk)) {
      this.#root.gates.close(new Error(ENDED_EARLY));
      this.#outcome ??= { outcome: "failed", error: { code: "AGENT_FAILED", message: ENDED_EARLY } };
      return undefined;
    }
    return this.#chunks.take(chunk);
  }

  #note(item: ChunkSignal): void {
    switch (item.signal) {
      case "error":
        this.#root.gates.close(new Error(item.message));
        this.#outcome ??= { outcome: "failed", error: { code: "AGENT_FAILED", message: item.message } };
        return;
      case "interrupted-step":
        this.#outcome ??= { outcome: "suspended", interrupts: this.#interrupts };
        return;
      case "interrupt":
        // Only a sub-agent of the application's own making suspends past the gates, and its tool asks through them.
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
    if (this.#attempt.run.input.outputSchema !== undefined && !this.#chunks.hasObject) return OUTPUT_INVALID;
    return { outcome: "completed", ...this.#finish };
  }
}

function isTruncation(chunk: unknown): boolean {
  const { type, payload } = chunk as { readonly type?: unknown; readonly payload?: { readonly holdfast?: unknown } };
  return type === "raw" && payload?.holdfast === TRUNCATION_MARKER;
}
