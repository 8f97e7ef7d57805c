import type { Json } from "../../core/json.ts";
import type { CedarFrame } from "./frame.ts";

/** What the fold knows after a prefix of a log. Immutable. */
export interface CedarState {
  readonly isEnded: boolean;
  /** The text that the client has. */
  readonly said: string;
  /** Texts that may become a JSON object, and are shown once it is known what they are. */
  readonly held: readonly HeldText[];
  /** The model call of the run's own agent that began last. */
  readonly step: number | undefined;
  /** The structured answer that was shown last. */
  readonly replied: Replied | undefined;
  /** Steps of the workflow that are under way: what is said inside one is said to the client. */
  readonly workflowCalls: readonly string[];
  /** The client shows a line that says something is under way. */
  readonly isBusyShown: boolean;
}

export interface Replied {
  readonly value: Json;
  readonly step: number | undefined;
  /** The steps of the workflow that were under way then. */
  readonly calls: readonly string[];
  /** The step that it came from was cut off, and has begun again. */
  readonly isCut?: true;
}

export interface HeldText {
  readonly id: string;
  readonly text: string;
}

export const INITIAL_STATE: CedarState = { isEnded: false, said: "", held: [], step: undefined, replied: undefined, workflowCalls: [], isBusyShown: false };

/** The step that the answer came from is made again. */
export function withReplyCut(state: CedarState): CedarState {
  return state.replied === undefined ? state : { ...state, replied: { ...state.replied, isCut: true } };
}

/** The state after an event, and the frames that the event becomes. */
export type Encoded = readonly [CedarState, readonly CedarFrame[]];

export type Fold = (state: CedarState) => Encoded;

export const NO_FRAMES: readonly CedarFrame[] = [];

/** Runs folds one after another. */
export function inOrder(state: CedarState, ...folds: readonly Fold[]): Encoded {
  const all: CedarFrame[] = [];
  let current = state;
  for (const fold of folds) {
    const [next, frames] = fold(current);
    current = next;
    all.push(...frames);
  }
  return [current, all];
}
