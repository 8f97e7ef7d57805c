/**
 * Lets the tools of a step wait until the consumer of the stream has seen, and committed, the end of the step's model answer:
 * Mastra calls the tools while chunks of the answer may still be on their way to the consumer.
 */
export class StepGates {
  readonly #gates: Map<number, PromiseWithResolvers<void>> = new Map();
  #closedBy: Error | undefined;

  /** Resolves once the step's model answer is in the log. @throws once it is known that it never will be */
  passed(step: number): Promise<void> {
    return this.#gate(step).promise;
  }

  open(step: number): void {
    this.#gate(step).resolve();
  }

  /** Nothing passes from here on but what passed already. */
  close(reason: Error): void {
    this.#closedBy ??= reason;
    for (const gate of this.#gates.values()) gate.reject(reason);
  }

  #gate(step: number): PromiseWithResolvers<void> {
    const known = this.#gates.get(step);
    if (known) return known;
    const gate = Promise.withResolvers<void>();
    // A gate that nobody waits for may be closed without anybody minding.
    gate.promise.catch(() => undefined);
    if (this.#closedBy) gate.reject(this.#closedBy);
    this.#gates.set(step, gate);
    return gate;
  }
}
