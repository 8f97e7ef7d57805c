import type { ContentEvent, FinishReason, LifecycleEvent, NestedEvent, ProviderMetadata } from "../core/event.ts";
import type { InterruptRequest } from "../core/interrupt.ts";
import type { Usage } from "../core/usage.ts";

/** The events that chunks turn into; those about the run as a whole are the driver's to make. */
export type NormalizedEvent = ContentEvent | NestedEvent | Extract<LifecycleEvent, { type: "step-started" | "model-finished" | "step-finished" }>;

/** What a chunk tells the driver of the agent beside what belongs into the log. */
export type DriverSignal =
  | { readonly signal: "error"; readonly message: string }
  | { readonly signal: "abort" }
  /** The step has ended for Mastra; calls of it wait for an answer. */
  | { readonly signal: "interrupted-step" }
  | { readonly signal: "finish"; readonly finishReason?: FinishReason; readonly usage?: Usage }
  /** An agent inside this call has ended; the usage is the sum of its steps. */
  | { readonly signal: "nested-finish"; readonly toolCallId: string; readonly usage: Usage }
  /** The run asks a question. The id is that of the tool call; the driver makes it unique. */
  | { readonly signal: "interrupt"; readonly request: InterruptRequest }
  | { readonly signal: "unknown-chunk"; readonly chunkType: string };

export type Normalized = { readonly event: NormalizedEvent } | DriverSignal;

/** How far the chunks of one agent have been read. Never changed in place; the same object comes back where nothing changed. */
export interface NormalizeState {
  /** Whether raw parts of the provider become events. */
  readonly keepRaw: boolean;
  /** Stands before every id of a sub-agent's parts, since ids are unique within the whole run. */
  readonly idPrefix: string;
  /** The step that is open, or else the one that comes next. */
  readonly step: number;
  readonly isStepOpen: boolean;
  /** How many steps Mastra itself counted as done when the newest one ended. */
  readonly countedSteps: number;
  /** By the provider's id, in the order in which they were opened. */
  readonly text: ReadonlyMap<string, OpenPart>;
  readonly reasoning: ReadonlyMap<string, OpenPart>;
  /** Ids of this step's text and reasoning. */
  readonly usedIds: ReadonlySet<string>;
  /** The newest call under each of the provider's ids. */
  readonly toolCalls: ReadonlyMap<string, KnownToolCall>;
  /** Sub-agents by the id of the tool call they run in. */
  readonly nested: ReadonlyMap<string, NestedRuns>;
}

export interface OpenPart {
  readonly id: string;
  readonly providerMetadata: ProviderMetadata | undefined;
}

export interface KnownToolCall {
  /** The id that events carry. */
  readonly id: string;
  readonly step: number;
  readonly isCalled: boolean;
  readonly isProviderExecuted: boolean;
  readonly hasOutcome: boolean;
}

/** The agents that run inside one tool call, by Mastra's run id; they share one count of steps. */
export interface NestedRuns {
  /** The id that events of the tool call carry. */
  readonly toolCallId: string;
  readonly nextStep: number;
  readonly runs: ReadonlyMap<string, NormalizeState>;
}

export type NormalizeResult = readonly [NormalizeState, readonly Normalized[]];

/** The items of a chunk that tells nothing. */
export const NOTHING: readonly Normalized[] = [];

const NO_PARTS: ReadonlyMap<string, OpenPart> = new Map();
const NO_IDS: ReadonlySet<string> = new Set();

/** The state before the first chunk. `firstStep`: the number of the first step that the chunks will begin. */
export function initialNormalizeState(options: { readonly firstStep?: number; readonly keepRaw?: boolean; readonly idPrefix?: string } = {}): NormalizeState {
  return {
    keepRaw: options.keepRaw ?? false,
    idPrefix: options.idPrefix ?? "",
    step: options.firstStep ?? 0,
    isStepOpen: false,
    countedSteps: 0,
    text: NO_PARTS,
    reasoning: NO_PARTS,
    usedIds: NO_IDS,
    toolCalls: new Map(),
    nested: new Map(),
  };
}

/** Ends every text and reasoning part that is open, those of sub-agents too. */
export function closeOpenParts(state: NormalizeState): NormalizeResult {
  const [closed, own] = closeOwnParts(state);
  if (closed.nested.size === 0) return [closed, own];
  let current = closed;
  const items = [...own];
  for (const providerId of closed.nested.keys()) {
    const [next, nested] = closeNestedParts(current, providerId);
    current = next;
    items.push(...nested);
  }
  return [current, items];
}

/** Ends the open text and reasoning of the agent itself. */
export function closeOwnParts(state: NormalizeState): NormalizeResult {
  if (state.text.size === 0 && state.reasoning.size === 0) return [state, NOTHING];
  const items: Normalized[] = [];
  for (const part of state.reasoning.values()) items.push({ event: { type: "reasoning-end", ...endOf(part) } });
  for (const part of state.text.values()) items.push({ event: { type: "text-end", ...endOf(part) } });
  return [{ ...state, text: NO_PARTS, reasoning: NO_PARTS }, items];
}

/** Ends what is open in the sub-agents of one tool call, named by the provider's id. */
export function closeNestedParts(state: NormalizeState, providerId: string): NormalizeResult {
  const group = state.nested.get(providerId);
  if (group === undefined) return [state, NOTHING];
  const items: Normalized[] = [];
  const runs = new Map(group.runs);
  for (const [runId, inner] of group.runs) {
    const [closed, closing] = closeOpenParts(inner);
    if (closed !== inner) runs.set(runId, closed);
    items.push(...nestedItems(group.toolCallId, closing));
  }
  if (items.length === 0) return [state, NOTHING];
  return [{ ...state, nested: withEntry(state.nested, providerId, { ...group, runs }) }, items];
}

/** What a sub-agent's items are to the agent above it. What only a driver needs is left out: the tool call's outcome tells it. */
export function nestedItems(toolCallId: string, items: readonly Normalized[]): readonly Normalized[] {
  const wrapped: Normalized[] = [];
  for (const item of items) {
    if ("event" in item) {
      wrapped.push({ event: { type: "nested", toolCallId, event: item.event } });
    } else if (item.signal === "unknown-chunk" || item.signal === "nested-finish") {
      wrapped.push(item);
    } else if (item.signal === "finish" && item.usage !== undefined) {
      wrapped.push({ signal: "nested-finish", toolCallId, usage: item.usage });
    } else if (item.signal === "error") {
      wrapped.push({ event: { type: "nested", toolCallId, event: { type: "raw", chunkType: "error", payload: { message: item.message } } } });
    }
  }
  return wrapped;
}

/** The fields of the event that ends a part. */
export function endOf(part: OpenPart): { readonly id: string; readonly providerMetadata?: ProviderMetadata } {
  return part.providerMetadata === undefined ? { id: part.id } : { id: part.id, providerMetadata: part.providerMetadata };
}

/** The state in the step after the one that ended. */
export function afterStep(state: NormalizeState): NormalizeState {
  return { ...state, step: state.step + 1, isStepOpen: false, usedIds: NO_IDS };
}

/** The same map with one entry more, or another value in its place. */
export function withEntry<Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> {
  return new Map(map).set(key, value);
}

/** The same map without one entry. */
export function withoutEntry<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
