import type { ContentEvent, LifecycleEvent, StoppedBy, WorkflowStepStatus } from "./event.ts";
import type { InterruptRequest } from "./interrupt.ts";
import type { Json } from "./json.ts";

/** What the log holds of a workflow. */
export interface WorkflowTranscript {
  /** By the ids of their calls, in the order in which they began. */
  readonly steps: ReadonlyMap<string, WorkflowStepRecord>;
  /** Whether the final result is in the log. */
  readonly hasResult: boolean;
}

/** What stands in a value where JSON has no word, such as a date that is kept as text: its kind, and the keys that lead to it. */
export type ValueKinds = readonly (readonly [kind: string, path: readonly (string | number)[]])[];

export interface WorkflowStepRecord {
  readonly callId: string;
  readonly stepId: string;
  readonly input?: Json;
  /** `started`: its end is not in the log. */
  readonly status: "started" | WorkflowStepStatus;
  readonly output?: Json;
  readonly message?: string;
  /** When it is tried again, by another call. */
  readonly retryAt?: number;
  /** The call that failed, and that this one tries again. */
  readonly retryOf?: string;
  readonly isFatal?: true;
  readonly tripwire?: StoppedBy;
  readonly state?: Json;
  readonly kinds?: { readonly output?: ValueKinds; readonly state?: ValueKinds };
  readonly isBailed?: true;
  /** How often it began. */
  readonly executions: number;
  /** The newest question that it asked. */
  readonly interrupt?: InterruptRequest;
  /** What that question was answered with; any JSON value, so it is wrapped. */
  readonly answer?: { readonly value: Json; readonly isDeclined?: true };
}

export type WorkflowStepEvent = Extract<ContentEvent, { type: "workflow-step-started" | "workflow-step-finished" }>;

/** Folds the beginning or the end of a step into what is known of it. */
export function growWorkflow(steps: Map<string, WorkflowStepRecord>, event: WorkflowStepEvent): void {
  const { callId } = event;
  const known = steps.get(callId);
  if (event.type === "workflow-step-started") {
    const { type: _began, ...beginning } = event;
    steps.set(callId, { ...known, ...beginning, status: "started", executions: (known?.executions ?? 0) + 1 });
    return;
  }
  const { type: _type, request, ...end } = event;
  const { answer, interrupt, kinds: kindsBefore, ...before } = known ?? { executions: 1 };
  const asked = request === undefined ? { ...(interrupt && { interrupt }), ...(answer && { answer }) } : { interrupt: request };
  // They belong to the value that they came with.
  const kinds = { ...(kindsBefore?.state && end.state === undefined && { state: kindsBefore.state }), ...end.kinds };
  steps.set(callId, { ...before, ...end, ...asked, ...(Object.keys(kinds).length > 0 && { kinds }) });
}

/** Notes what a step's question was answered with. */
export function noteAnswer(steps: Map<string, WorkflowStepRecord>, event: Extract<LifecycleEvent, { type: "interrupt-answered" }>): void {
  const step = steps.get(event.toolCallId);
  if (step?.interrupt?.id !== event.interruptId) return;
  steps.set(step.callId, { ...step, answer: { value: event.answer, ...(event.isDeclined && { isDeclined: true as const }) } });
}
