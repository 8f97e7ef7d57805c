/** Points at which a scripted answer waits until the test lets it go on, by key. One that was opened before it is reached holds nobody up. */
export class Gates {
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  passed(key: string): Promise<void> {
    return this.#gate(key).promise;
  }

  open(key: string): void {
    this.#gate(key).resolve();
  }

  #gate(key: string): PromiseWithResolvers<void> {
    const known = this.#gates.get(key);
    if (known) return known;
    const gate = Promise.withResolvers<void>();
    this.#gates.set(key, gate);
    return gate;
  }
}
