import type { Mastra } from "@mastra/core/mastra";
import type { RequestContext } from "@mastra/core/request-context";
import { unlessAborted } from "../core/abort.ts";
import type { AttemptContext, AttemptOutcome } from "../core/agent-source.ts";
import type { RunEvent } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import { AgentScope } from "./agent-scope.ts";
import { ChunkRecorder } from "./chunk-recorder.ts";
import { errorText } from "./error-text.ts";
import { toJson } from "./json-value.ts";
import { LostOutcomes } from "./lost-outcomes.ts";
import { fenceMemory } from "./memory-fence.ts";
import { CurrentToolCall, TOOL_CALL_KEY } from "./tool-context.ts";
import type { SubAgentRecorder } from "./sub-agents.ts";
import { tracingOf } from "./tracing.ts";
import { recordedWorkflow } from "./workflow-copy.ts";
import { StepGate } from "./workflow-gate.ts";
import { WorkflowVisits } from "./workflow-visits.ts";
import type { MastraWorkflow, WorkflowExecution, WorkflowResult } from "./workflows.ts";

export interface WorkflowRunOptions {
  readonly mastra: Mastra;
  readonly workflow: MastraWorkflow;
  readonly attempt: AttemptContext;
  readonly requestContext: RequestContext;
  readonly isIdempotent: (name: string) => boolean;
  readonly onUnknownChunk: (chunkType: string) => void;
  /** A callback of the application's own threw. */
  readonly onCallbackError: (error: unknown) => void;
}

// A step that does not heed its abort signal is not waited for.
const WIND_DOWN_MS = 300;

/** Drives a workflow through one attempt, from its start; the steps that the log holds are not executed again. */
export class WorkflowRun {
  readonly #options: WorkflowRunOptions;
  readonly #attempt: AttemptContext;
  readonly #chunks: ChunkRecorder;
  readonly #scopes: AgentScope[] = [];
  /** What the run asks when it ends here. */
  #interrupts: readonly InterruptRequest[] = [];
  #asked = 0;
  readonly #lost: LostOutcomes;
  readonly #refused: PromiseWithResolvers<AttemptOutcome> = Promise.withResolvers();
  #broken: { readonly error: unknown } | undefined;

  constructor(options: WorkflowRunOptions) {
    this.#options = options;
    this.#attempt = options.attempt;
    this.#lost = new LostOutcomes(options.attempt.transcript, options.isIdempotent);
    this.#chunks = new ChunkRecorder(options.attempt, (signal) => {
      if (signal.signal === "unknown-chunk") options.onUnknownChunk(signal.chunkType);
    });
  }

  /** @throws what {@link AttemptContext.commit} threw */
  async drive(): Promise<AttemptOutcome> {
    try {
      return await this.#follow(await this.#open());
    } catch (error) {
      if (this.#broken) throw this.#broken.error;
      if (this.#attempt.signal.aborted) return { outcome: "aborted" };
      this.#options.onCallbackError(error);
      return failed(errorText(error));
    }
  }

  #open(): Promise<WorkflowExecution> {
    const { workflow, mastra } = this.#options;
    const { run, rootRunId } = this.#attempt;
    const place = { prefix: "", path: [], workflowId: workflow.id };
    const copy = recordedWorkflow(workflow, place, { mastra, gate: this.#gate(), recorder: this.#recorder(), isLeft: () => this.#isLeft() });
    return copy.createRun({ runId: rootRunId, resourceId: run.resourceId });
  }

  async #follow(execution: WorkflowExecution): Promise<AttemptOutcome> {
    const { requestContext } = this.#options;
    const { run, signal } = this.#attempt;
    const stop = (): void => {
      fenceMemory(requestContext);
      for (const scope of this.#scopes) scope.gates.close(new Error("the attempt was stopped"));
      // Its `cancel()` writes to Mastra's storage.
      execution.abortController.abort();
    };
    signal.addEventListener("abort", stop, { once: true });
    void this.#refused.promise.then(stop);
    requestContext.set(TOOL_CALL_KEY, new CurrentToolCall());
    try {
      if (signal.aborted) return { outcome: "aborted" };
      const started = execution.start({ inputData: run.input.workflow?.input ?? null, requestContext, tracingOptions: tracingOf(this.#attempt, undefined) });
      const ended = await unlessAborted(Promise.race([this.#refused.promise, started]), signal, WIND_DOWN_MS);
      if (this.#broken) throw this.#broken.error;
      if (signal.aborted || ended === undefined) return { outcome: "aborted" };
      return "outcome" in ended ? ended : await this.#ending(ended);
    } finally {
      signal.removeEventListener("abort", stop);
      for (const scope of this.#scopes) scope.gates.close(new Error("the workflow ended"));
    }
  }

  #isLeft(): boolean {
    const { signal } = this.#attempt;
    return this.#broken !== undefined || (signal.aborted && signal.reason !== "canceled");
  }

  #gate(): StepGate {
    const { attempt } = this.#options;
    const scope = new AgentScope(
      {
        attempt,
        state: () => this.#chunks.state,
        onScope: (inner) => {
          this.#scopes.push(inner);
          this.#chunks.register(inner);
        },
        onHookError: this.#options.onCallbackError,
      },
      this.#options.workflow.id,
    );
    return new StepGate({
      attempt,
      scope,
      visits: new WorkflowVisits(attempt.transcript.workflow),
      lost: this.#lost,
      take: (callId, output, isOwn) => this.#take(callId, output, isOwn),
      reenter: ({ callId, executions }) => this.#chunks.reenter(callId, executions),
      isIdempotent: this.#options.isIdempotent,
      nextInterruptId: () => this.#nextInterruptId(),
      interrupt: (request) => this.#ask(request),
      withdraw: (callId) => {
        this.#interrupts = this.#interrupts.filter(({ toolCallId }) => !toolCallId.startsWith(`${callId}/`));
      },
      refuse: ({ code, message }) => this.#refused.resolve({ outcome: "failed", error: { code, message } }),
      commit: (event) => this.#commit(event),
    });
  }

  #recorder(): SubAgentRecorder {
    return {
      isIdempotent: this.#options.isIdempotent,
      idOf: (scope, providerId) => this.#chunks.idOf(scope, providerId),
      report: (scope, providerId, outcome) => {
        const toolCallId = this.#chunks.idOf(scope, providerId);
        if (outcome.outcomeUnknown === true) this.#lost.add(toolCallId);
        else this.#lost.delete(toolCallId);
        this.#chunks.report(scope, providerId, outcome);
      },
      dropLaterOutcome: (scope, providerId) => this.#chunks.dropLaterOutcome(scope, providerId),
      nextInterruptId: () => this.#nextInterruptId(),
      interrupt: (request) => this.#ask(request),
      onCallbackError: this.#options.onCallbackError,
      onOutcome: () => Promise.resolve(),
    };
  }

  #nextInterruptId(): string {
    const { run, attempt } = this.#attempt;
    return `int_${run.id.replace(/^run_/, "")}_${attempt}_${this.#asked}`;
  }

  #ask(request: InterruptRequest): void {
    this.#interrupts = [...this.#interrupts, request];
    this.#asked += 1;
  }

  #take(callId: string, output: unknown, isOwn: boolean): Promise<void> | undefined {
    if (this.#attempt.signal.aborted) return undefined;
    if (isOwn || isData(output)) return this.#chunks.take(isData(output) ? output : asOutput(callId, output));
    return this.#chunks.take(asOutput(callId, output));
  }

  async #commit(event: RunEvent): Promise<void> {
    if (event.type === "workflow-step-finished") this.#chunks.closeNested(event.callId);
    void this.#attempt.emit(event);
    try {
      await this.#attempt.commit();
    } catch (error) {
      this.#broken ??= { error };
      throw error;
    }
  }

  async #ending({ status, result, error, tripwire }: WorkflowResult): Promise<AttemptOutcome> {
    switch (status) {
      case "success":
      case "bailed":
        if (this.#attempt.transcript.workflow?.hasResult !== true) {
          await this.#commit({ type: "object", object: toJson(result ?? null), isFinal: true });
        }
        return { outcome: "completed", finishReason: "stop" };
      case "suspended":
        if (this.#interrupts.length > 0) return { outcome: "suspended", interrupts: this.#interrupts };
        return failed("A step was suspended that asks nothing.");
      case "tripwire":
        await this.#commit({
          type: "tripwire",
          reason: tripwire?.reason ?? "A step was stopped by a processor.",
          ...(tripwire?.processorId !== undefined && { processorId: tripwire.processorId }),
        });
        return { outcome: "completed", finishReason: "other" };
      case "canceled":
        return { outcome: "aborted" };
      default:
        return failed(errorText(error));
    }
  }
}

function failed(message: string): AttemptOutcome {
  return { outcome: "failed", error: { code: "AGENT_FAILED", message } };
}

function asOutput(callId: string, output: unknown): object {
  return { type: "tool-output", payload: { toolCallId: callId, output } };
}

function isData(chunk: unknown): boolean {
  const { type } = (typeof chunk === "object" && chunk !== null ? chunk : {}) as { readonly type?: unknown };
  return typeof type === "string" && type.startsWith("data-");
}
