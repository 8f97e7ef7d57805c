import { checkedBy, type StandardSchema } from "./standard-schema.ts";
import type { StepParams, WorkflowStep } from "./workflow-step.ts";

/**
 * What a step says while it executes, beside its output. Mastra hears of it once the execution has ended and is in the log: what a try has said that
 * failed does not count.
 */
export class StepWords {
  state: { readonly value: unknown } | undefined;
  suspended: { readonly payload: unknown; readonly options?: unknown } | undefined;
  bailed: { readonly result: unknown } | undefined;
  readonly #step: WorkflowStep;
  readonly #params: StepParams;

  constructor(step: WorkflowStep, params: StepParams) {
    this.#step = step;
    this.#params = params;
  }

  /** The means by which the step says it. */
  means(): Pick<StepParams, "suspend" | "setState" | "bail"> {
    return {
      suspend: async (payload, options) => {
        this.suspended = { payload: await this.#checked(this.#step.suspendSchema, payload, "suspend data"), options };
      },
      setState: async (state) => {
        const value = await this.#checked(this.#step.stateSchema, state, "state data");
        if (value) this.state = { value };
      },
      bail: (result) => {
        this.bailed = { result };
      },
    };
  }

  /** Says to Mastra what there is to say. */
  async tell(): Promise<void> {
    if (this.state) await this.#params.setState(this.state.value);
    if (this.suspended) await this.#params.suspend(this.suspended.payload, this.suspended.options);
    if (this.bailed) this.#params.bail(this.bailed.result);
  }

  /** As Mastra does it: what is nothing is not looked at, and what the schema makes of a value counts. */
  async #checked(schema: unknown, value: unknown, what: string): Promise<unknown> {
    if (!value || this.#params.validateInputs === false) return value;
    const checked = await checkedBy(schema as StandardSchema | undefined, value);
    if (checked.faults === undefined) return checked.value;
    throw new Error(`Step ${what} validation failed: ${checked.faults}`);
  }
}
