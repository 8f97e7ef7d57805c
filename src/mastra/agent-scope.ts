import type { AttemptContext } from "../core/agent-source.ts";
import type { ContentEvent, NestedEvent, RunEvent, StepEvent } from "../core/event.ts";
import type { NestedTranscript, ToolPart, TranscriptStep } from "../core/transcript.ts";
import type { NormalizeState } from "./normalize.ts";
import { recordedTool } from "./replay-filter.ts";
import { StepGates } from "./step-gates.ts";
import { ToolCallIds } from "./tool-call-ids.ts";

/** The call of a tool that runs a sub-agent. */
export interface Delegation {
  /** Of the agent that delegates. */
  readonly scope: AgentScope;
  /** The ids of the call: the provider's, and the log's. */
  readonly providerId: string;
  readonly toolCallId: string;
  /** What its key of idempotency is made from, where that is not its own id. */
  readonly keyId?: string;
  /** Resolved once the sub-agent can go no further until a question is answered. */
  readonly stuck: PromiseWithResolvers<void>;
}

/** What a scope shares with all others of its attempt. */
export interface ScopeWorld {
  readonly attempt: AttemptContext;
  /** How far the chunks of the run's own agent have been read; sub-agents are inside. */
  state(): NormalizeState;
  /** Told of every agent that begins to work. */
  onScope(scope: AgentScope): void;
  /** Where a hook of the application's own failed. */
  onHookError(error: unknown): void;
}

/** What an event of an agent is before it is known which agent says it. */
export type ScopedEvent = ContentEvent | NestedEvent | StepEvent;

/** One agent at work within an attempt: the run's own, or a sub-agent inside a tool call. */
export class AgentScope {
  readonly world: ScopeWorld;
  readonly agentId: string;
  readonly delegation: Delegation | undefined;
  readonly gates: StepGates = new StepGates();
  readonly toolCallIds: ToolCallIds = new ToolCallIds();
  /** Names of tools that run sub-agents whose own calls are recorded. */
  readonly delegates: Set<string> = new Set();
  /** Names of tools that declare themselves idempotent. */
  readonly idempotent: Set<string> = new Set();
  /** The step that Mastra prepared last; the consumer of its stream may still be in the one before. */
  prepared: number = 0;
  /** The step whose answer ended with an error of the provider's, unless the model was asked again since. */
  failedStep: number | undefined;
  /** Mastra's id of a sub-agent's execution: its chunks come under it. */
  readonly mastraRunId: string | undefined;
  /** Calls of this agent that wait for an answer, by the ids of the log. */
  readonly interrupted: Set<string> = new Set();
  #calls = 0;

  constructor(world: ScopeWorld, agentId: string, inside?: { readonly delegation: Delegation; readonly mastraRunId: string }) {
    this.world = world;
    this.agentId = agentId;
    this.delegation = inside?.delegation;
    this.mastraRunId = inside?.mastraRunId;
    world.onScope(this);
  }

  /** Empty for the run's own agent, else the id of the tool call that the sub-agent runs in. */
  get path(): string {
    return this.delegation?.toolCallId ?? "";
  }

  /** What the log puts before the ids of this agent's parts and calls. */
  get idPrefix(): string {
    return this.delegation === undefined ? "" : `${this.path}/`;
  }

  /** Numbers a model call. */
  nextCall(): number {
    return this.#calls++;
  }

  /** The step as the log holds it. */
  recordedStep(step: number): TranscriptStep | undefined {
    return this.#transcript()?.steps[step];
  }

  /** The call in the step that is under way, as the log held it when the attempt began. */
  recordedCall(toolCallId: string): ToolPart | undefined {
    return recordedTool(this.recordedStep(this.prepared), toolCallId);
  }

  #transcript(): NestedTranscript | undefined {
    const { delegation } = this;
    return delegation === undefined ? this.world.attempt.transcript : delegation.scope.#transcript()?.nested.get(delegation.toolCallId);
  }

  /** How far this agent's chunks have been read. */
  state(): NormalizeState | undefined {
    const { delegation } = this;
    if (delegation === undefined) return this.world.state();
    const runs = delegation.scope.state()?.nested.get(delegation.providerId)?.runs;
    return this.mastraRunId === undefined ? undefined : runs?.get(this.mastraRunId);
  }

  /** An event of this agent as it stands in the log of the run. */
  inLog(event: ScopedEvent): RunEvent {
    const { delegation } = this;
    return delegation === undefined ? event : delegation.scope.inLog({ type: "nested", toolCallId: delegation.toolCallId, event });
  }

  /** A chunk of this agent as the run's own agent would hand it on. */
  asChunk(chunk: { readonly type: string; readonly payload: object }): object {
    const { delegation } = this;
    if (delegation === undefined) return chunk;
    const output = { ...chunk, runId: this.mastraRunId, from: "AGENT" };
    return delegation.scope.asChunk({ type: "tool-output", payload: { toolCallId: delegation.providerId, output } });
  }

  /** Marks a call as waiting, and with it the calls that it runs in. */
  markInterrupted(toolCallId: string): void {
    this.interrupted.add(toolCallId);
    this.delegation?.scope.markInterrupted(this.delegation.toolCallId);
  }

  /** Emits an event and waits until it is on the disk. */
  async commit(event: ScopedEvent): Promise<void> {
    void this.world.attempt.emit(this.inLog(event));
    await this.world.attempt.commit();
  }
}
