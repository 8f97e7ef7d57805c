import type { AttemptContext } from "../core/agent-source.ts";
import type { RunEvent } from "../core/event.ts";
import { innermost } from "../core/ledger.ts";
import type { Usage } from "../core/usage.ts";
import type { AgentScope } from "./agent-scope.ts";
import { initialNormalizeState, normalizeChunk, noteToolOutcome, uniqueToolCallId, type Normalized, type NormalizeState } from "./normalize.ts";
import { withNestedState } from "./normalize-nested.ts";
import { closeNestedParts, withEntry } from "./normalize-state.ts";
import { isReplayed } from "./replay-filter.ts";
import type { ToolOutcome } from "./tool-hooks.ts";

/** What a chunk says to the driver beside its events. */
export type ChunkSignal = Exclude<Normalized, { event: RunEvent } | { signal: "nested-finish" }>;

/** Turns the chunks of an agent and its sub-agents into events of the log, those left out that the log holds already. */
export class ChunkRecorder {
  readonly #attempt: AttemptContext;
  readonly #onSignal: (signal: ChunkSignal) => void;
  /** Agents whose own calls are recorded, by their path. */
  readonly #scopes: Map<string, AgentScope> = new Map();
  /** The step that each path is in. */
  readonly #steps: Map<string, number> = new Map();
  /** Agents that a tool runs by itself, by their path: how many of them have ended. */
  readonly #unrecorded: Map<string, number> = new Map();
  #state: NormalizeState = initialNormalizeState();
  #stepUsage: Usage | undefined;
  #hasObject = false;

  constructor(attempt: AttemptContext, onSignal: (signal: ChunkSignal) => void) {
    this.#attempt = attempt;
    this.#onSignal = onSignal;
  }

  get state(): NormalizeState {
    return this.#state;
  }

  /** Whether the agent's last step gave an object of the form that was asked for. */
  get hasObject(): boolean {
    return this.#hasObject;
  }

  /** From here on the agent's steps open its gates. */
  register(scope: AgentScope): void {
    this.#scopes.set(scope.path, scope);
  }

  /** A promise in return means that something has to be on the disk before the next chunk is looked at. */
  take(chunk: unknown): Promise<void> | undefined {
    const [state, items] = normalizeChunk(this.#state, chunk);
    this.#state = state;
    return this.#recordFrom(items, 0);
  }

  /** The id of a call in the log, by the provider's. */
  idOf(scope: AgentScope, providerId: string): string {
    const state = scope.state();
    return state === undefined ? `${scope.idPrefix}${providerId}` : uniqueToolCallId(state, providerId);
  }

  /** Puts the outcome of a call into the log as Mastra's own chunk would have, and leaves that one out when it comes. */
  report(scope: AgentScope, providerId: string, outcome: ToolOutcome): void {
    const { toolName, output, error, outcomeUnknown } = outcome;
    const type = error === undefined ? "tool-result" : "tool-error";
    const payload = { toolCallId: providerId, toolName, ...(error === undefined ? { result: output } : { error }) };
    const [state, items] = normalizeChunk(this.#state, scope.asChunk({ type, payload }));
    this.#state = state;
    this.dropLaterOutcome(scope, providerId);
    for (const item of items) if ("event" in item) void this.#attempt.emit(outcomeUnknown === true ? withUnknownOutcome(item.event) : item.event);
  }

  /** What Mastra says of the outcome of the call from here on is left out. */
  dropLaterOutcome(scope: AgentScope, providerId: string): void {
    this.#state = withNestedState(this.#state, providerPath(scope), (state) => noteToolOutcome(state, providerId));
  }

  /**
   * What comes under this call from here on is of another execution: its ids and the numbers of its steps are none that the log has already.
   * `executions`: how many there were.
   */
  reenter(toolCallId: string, executions: number): void {
    const before = initialNormalizeState();
    const runs = new Map(Array.from({ length: executions }, (_, index) => [`before-${index}`, before] as const));
    const last = this.#attempt.transcript.nested.get(toolCallId)?.steps.at(-1)?.step;
    const nextStep = last === undefined ? 0 : last + 1;
    this.#state = { ...this.#state, nested: withEntry(this.#state.nested, toolCallId, { toolCallId, nextStep, runs }) };
  }

  /** Ends what is open under a call that ended without a chunk of its own. */
  closeNested(toolCallId: string): void {
    const [state, items] = closeNestedParts(this.#state, toolCallId);
    this.#state = state;
    void this.#recordFrom(items, 0);
  }

  #recordFrom(items: readonly Normalized[], first: number): Promise<void> | undefined {
    for (const [index, item] of items.entries()) {
      if (index < first) continue;
      if (!("event" in item)) {
        if (item.signal === "nested-finish") this.#countUnrecorded(item);
        else this.#onSignal(item);
        continue;
      }
      const behind = this.#record(item.event);
      if (behind) return behind.then(() => this.#recordFrom(items, index + 1));
    }
    return undefined;
  }

  #record(given: RunEvent): Promise<void> | undefined {
    const event = this.#corrected(given);
    const { path, inner } = innermost(event);
    if (event.type === "step-started" || event.type === "object") this.#hasObject = event.type === "object" && event.isFinal;
    if (inner.type === "step-started") this.#steps.set(path, inner.step);
    if (event.type === "model-finished") this.#stepUsage = event.usage;
    const scope = this.#scopes.get(path);
    const isDropped = event.type === "step-finished" && scope !== undefined && scope.interrupted.size > 0;
    if (isDropped) this.#onSignal({ signal: "interrupted-step" });
    const isKnown = isDropped || isReplayed(this.#attempt.transcript, (of) => this.#steps.get(of) ?? 0, event);
    const behind = isKnown ? undefined : this.#attempt.emit(event);
    if (inner.type === "text-delta") this.#attempt.checkpoint("model-streaming");
    if (inner.type === "model-finished" && scope) return this.#answerComplete(scope, inner.step);
    if (event.type === "step-finished" && !isDropped) return this.#stepComplete();
    return behind;
  }

  #corrected(given: RunEvent): RunEvent {
    if (given.type === "step-finished") return this.#withOwnUsage(given);
    // Mastra takes what a model says before it calls its tools for an answer, too.
    return given.type === "object" && given.isFinal && asksForTools(this.#state) ? { ...given, isFinal: false } : given;
  }

  /** Mastra reports the sum of all steps at the end of the last one; what the provider reported for the step is known already. */
  #withOwnUsage(event: Extract<RunEvent, { type: "step-finished" }>): RunEvent {
    const { usage: _sum, ...rest } = event;
    return this.#stepUsage === undefined ? rest : { ...rest, usage: this.#stepUsage };
  }

  /**
   * An agent that a tool runs by itself is seen when it ends, with the sum of its steps. Of its last step Mastra gives the usage first, and the
   * sum in the same object a moment later.
   */
  #countUnrecorded({ toolCallId: path, usage }: Extract<Normalized, { signal: "nested-finish" }>): void {
    if (this.#scopes.has(path)) return;
    const call = this.#unrecorded.get(path) ?? 0;
    this.#unrecorded.set(path, call + 1);
    void this.#attempt.emit({ type: "model-cut", attempt: this.#attempt.attempt, path, call, state: "settled", usage, basis: "provider" });
  }

  async #answerComplete(scope: AgentScope, step: number): Promise<void> {
    await this.#attempt.commit();
    scope.gates.open(step);
    this.#attempt.checkpoint("model-finished");
  }

  async #stepComplete(): Promise<void> {
    await this.#attempt.commit();
    this.#attempt.checkpoint("step-finished");
  }
}

function asksForTools({ toolCalls, step }: NormalizeState): boolean {
  return [...toolCalls.values()].some((call) => call.step === step && call.isCalled && !call.isProviderExecuted);
}

/** The provider's ids of the calls that an agent runs in, the outermost first, with Mastra's ids of the agents inside. */
function providerPath(scope: AgentScope): readonly { readonly providerId: string; readonly runId: string | undefined }[] {
  const { delegation } = scope;
  return delegation === undefined ? [] : [...providerPath(delegation.scope), { providerId: delegation.providerId, runId: scope.mastraRunId }];
}

function withUnknownOutcome(event: RunEvent): RunEvent {
  if (event.type === "nested") return { ...event, event: withUnknownOutcome(event.event) } as RunEvent;
  return event.type === "tool-error" ? { ...event, outcomeUnknown: true } : event;
}
