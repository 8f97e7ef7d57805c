const MAX_CHATS = 10_000;

interface Served {
  readonly runId: string;
  chunkCount: number;
}

/**
 * Which run a stream by chat id serves. Its client keeps asking by chat id until it has seen the end, and by then the chat may have
 * another run. Held in memory only: after a restart the run is found by its length.
 */
export class ServedRuns {
  /** The chat whose stream began last stands last. */
  readonly #chats = new Map<string, Served>();

  /** Notes that a chat's stream serves a run, of which the client may have so many chunks. */
  note(resourceId: string, chatId: string, runId: string, chunkCount: number): void {
    const key = keyOf(resourceId, chatId);
    const served = this.#chats.get(key);
    if (served?.runId === runId) {
      served.chunkCount = Math.max(served.chunkCount, chunkCount);
      return;
    }
    this.#chats.delete(key);
    this.#chats.set(key, { runId, chunkCount });
    if (this.#chats.size <= MAX_CHATS) return;
    for (const oldest of this.#chats.keys()) {
      this.#chats.delete(oldest);
      return;
    }
  }

  /** Notes that the stream of a run was sent to its end. */
  forget(resourceId: string, chatId: string, runId: string): void {
    const key = keyOf(resourceId, chatId);
    if (this.#chats.get(key)?.runId === runId) this.#chats.delete(key);
  }

  /** The run whose stream a client that has so many chunks was cut from. */
  find(resourceId: string, chatId: string, chunkCount: number): string | undefined {
    const served = this.#chats.get(keyOf(resourceId, chatId));
    return served !== undefined && chunkCount <= served.chunkCount ? served.runId : undefined;
  }
}

function keyOf(resourceId: string, chatId: string): string {
  return JSON.stringify([resourceId, chatId]);
}
