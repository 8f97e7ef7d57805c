/**
 * A copy of what a step is given, so that what it does to that is its own affair: Mastra hands the same value to whoever asks for it later, and an
 * attempt that finds the step in the log has it as it was. What is not made of the values that the log keeps, such as what a schema made, stays itself.
 */
export function copiedValue(value: unknown, copies: Map<unknown, unknown> = new Map()): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  const copyOf = (inner: unknown): unknown => copiedValue(inner, copies);
  const known = <Copy>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy = known<unknown[]>([]);
    for (const item of value) copy.push(copyOf(item));
    return copy;
  }
  switch (Object.getPrototypeOf(value)) {
    case Object.prototype:
    case null: {
      const copy = known<object>({});
      for (const [key, item] of Object.entries(value))
        Object.defineProperty(copy, key, { value: copyOf(item), writable: true, enumerable: true, configurable: true });
      return copy;
    }
    case Map.prototype: {
      const copy = known(new Map<unknown, unknown>());
      for (const [key, item] of value as Map<unknown, unknown>) copy.set(copyOf(key), copyOf(item));
      return copy;
    }
    case Set.prototype: {
      const copy = known(new Set<unknown>());
      for (const item of value as Set<unknown>) copy.add(copyOf(item));
      return copy;
    }
    case Date.prototype:
      return new Date(value as Date);
    case Buffer.prototype:
      return Buffer.from(value as Buffer);
    case Uint8Array.prototype:
      return (value as Uint8Array).slice();
    default:
      return value;
  }
}
