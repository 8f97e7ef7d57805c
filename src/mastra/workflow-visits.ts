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
}

export interface VisitedStep {
  /** The call of the workflow that it lies in, with a slash behind it; empty for the run's own. */
  readonly prefix: string;
  readonly stepId: string;
  /** Left out where the visits come in the same order each time; given, they are told apart by it. */
  readonly input?: Json;
}

/**
 * Tells, while a workflow is gone through again, which of the steps in the log a visit is. A step is entered once for each turn of a loop and
 * for each item of a list; those of a list begin at their own times, so they are known by their items.
 */
export class WorkflowVisits {
  /** By the id that the first visit of a step has. */
  readonly #recorded: Map<string, WorkflowStepRecord[]> = new Map();
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
      const first = firstOf(record);
      const group = this.#recorded.get(first);
      if (group) group.push(record);
      else this.#recorded.set(first, [record]);
    }
  }

  enter({ prefix, stepId, input }: VisitedStep): StepVisit {
    const first = `${prefix}${stepId}`;
    const open = this.#recorded.get(first) ?? [];
    const index = input === undefined ? 0 : open.findIndex((record) => isSameJson(record.input, input));
    const [record] = index < 0 ? [] : open.splice(index, 1);
    return record === undefined ? { callId: this.#newId(first), record } : { callId: record.callId, record };
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

/** A name may itself end as the number of a visit does. */
function firstOf({ callId, stepId }: WorkflowStepRecord): string {
  const isFirst = callId === stepId || callId.endsWith(`/${stepId}`);
  return isFirst ? callId : callId.replace(/#\d+$/, "");
}
