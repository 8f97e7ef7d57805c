import type { StreamPart } from "./streaming-model.ts";

/**
 * Gives every tool call of an agent an id of its own within a run and what its model sees of the thread. Some models number the calls of each answer anew; Mastra, which finds a call
 * by its id alone, then hands on no second call, and mixes up the results.
 */
export class ToolCallIds {
  readonly #used: Set<string> = new Set();

  /** No call that follows gets one of these. */
  use(ids: Iterable<string>): void {
    for (const id of ids) this.#used.add(id);
  }

  /** For the parts of an answer that the log holds: its calls keep the ids that they have there. */
  ofRecorded(): (part: StreamPart) => StreamPart {
    return (part) => {
      const { toolCallId } = part;
      if (part.type === "tool-call" && typeof toolCallId === "string") this.#used.add(toolCallId);
      return part;
    };
  }

  /** For the parts of one answer, in order. An id that is new stays as it is. */
  ofAnswer(): (part: StreamPart) => StreamPart {
    /** The newest call under each of the provider's ids. */
    const calls = new Map<string, { readonly id: string; isCalled: boolean }>();
    return (part) => {
      const field = part.type.startsWith("tool-input-") ? "id" : "toolCallId";
      const given = part[field];
      if (typeof given !== "string") return part;
      let call = calls.get(given);
      const begins = part.type === "tool-input-start" || part.type === "tool-call";
      // The result of a call of an earlier answer: the provider knows the call by the id that it was shown.
      if (call === undefined && !begins) return part;
      if (call === undefined || (begins && call.isCalled)) {
        call = { id: this.#unused(given), isCalled: false };
        calls.set(given, call);
      }
      if (part.type === "tool-call") call.isCalled = true;
      return call.id === given ? part : { ...part, [field]: call.id };
    };
  }

  #unused(given: string): string {
    let id = given;
    // Providers take letters, digits, `_` and `-` in an id.
    for (let count = 2; this.#used.has(id); count += 1) id = `${given}_${count}`;
    this.#used.add(id);
    return id;
  }
}
