import { isSameJson } from "../core/interrupt.ts";
import type { Json } from "../core/json.ts";
import type { WorkflowStepRecord, WorkflowTranscript } from "../core/workflow-transcript.ts";

/** One time that a workflow comes to a step. */
export interface StepVisit {
  /**
   * The id of the step, numbered from the second time on: `check`, `check#2`; behind that of the workflow that it lies in: `order/check`. A call
   * that tries another one again is numbered, too: `check~2`.
   */
  readonly callId: string;
  readonly record: WorkflowStepRecord | undefined;
  /** Of a visit that the log does not know: a step behind this one that it does know. The workflow is not the one that the log tells of. */
  readonly missed?: string;
}

export interface VisitedStep {
  /** The steps that may be under way at the same time, itself among them. */
  readonly siblings: ReadonlySet<string>;
  /** The call of the workflow that it lies in, with a slash behind it; empty for the run's own. */
  readonly prefix: string;
  readonly stepId: string;
  /** Left out where the visits come in the same order each time; given, they are told apart by it, as `null` where there is none. */
  readonly input?: Json;
}

/**
 * Tells, while a workflow is gone through again, which of the steps in the log a visit is. A step is entered once for each turn of a loop and
 * for each item of a list; those of a list begin at their own times, so they are known by their items.
 */
export class WorkflowVisits {
  /** What was not visited yet, by the call of the workflow that it lies in, and by the id of the step. */
  readonly #recorded: Map<string, Map<string, WorkflowStepRecord[]>> = new Map();
  readonly #used: Set<string> = new Set();
  /** By the call that each tries again. */
  readonly #retries: Map<string, WorkflowStepRecord> = new Map();

  constructor(workflow: WorkflowTranscript | undefined) {
    for (const record of workflow?.steps.values() ?? []) {
      this.#used.add(record.callId);
      if (record.retryOf !== undefined) {
        this.#retries.set(record.retryOf, record);
        continue;
      }
      const prefix = prefixOf(record);
      const place = this.#recorded.get(prefix) ?? new Map<string, WorkflowStepRecord[]>();
      place.set(record.stepId, [...(place.get(record.stepId) ?? []), record]);
      this.#recorded.set(prefix, place);
    }
  }

  enter({ prefix, stepId, siblings, input }: VisitedStep): StepVisit {
    const place = this.#recorded.get(prefix);
    const open = place?.get(stepId) ?? [];
    const index = input === undefined ? 0 : open.findIndex((record) => isSameJson(record.input ?? null, input));
    const [record] = index < 0 ? [] : open.splice(index, 1);
    if (record !== undefined) return { callId: record.callId, record };
    const missed = [...(place ?? [])].find(([id, left]) => left.length > 0 && !siblings.has(id))?.[0];
    return { callId: this.#newId(`${prefix}${stepId}`), record, ...(missed !== undefined && { missed }) };
  }

  /** The call that tries a failed one again. `number`: the second try is the first of these. */
  retry(failedId: string, first: string, number: number): StepVisit {
    const record = this.#retries.get(failedId);
    return record === undefined ? { callId: this.#unused(`${first}~${number}`), record } : { callId: record.callId, record };
  }

  #newId(first: string): string {
    let callId = first;
    for (let number = 2; this.#used.has(callId); number += 1) callId = `${first}#${number}`;
    this.#used.add(callId);
    return callId;
  }

  /** The name, unless a step of an unlucky name has taken it. */
  #unused(name: string): string {
    const callId = this.#used.has(name) ? `${name}'` : name;
    if (callId !== name) return this.#unused(callId);
    this.#used.add(callId);
    return callId;
  }
}

/** What stands before the step's own name, which may itself end as the number of a visit or of a try does. */
export function prefixOf({ callId, stepId, retryOf }: WorkflowStepRecord): string {
  const visit = retryOf === undefined ? callId : callId.replace(/~\d+'*$/, "");
  const isFirst = visit === stepId || visit.endsWith(`/${stepId}`);
  const first = isFirst ? visit : visit.replace(/#\d+$/, "");
  return first.slice(0, first.length - stepId.length);
}
