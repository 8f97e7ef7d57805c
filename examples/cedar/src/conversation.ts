import type { MastraDBMessage } from "@mastra/core/agent";
import type { RequestContext } from "@mastra/core/request-context";
import type { Memory } from "@mastra/memory";
import { z } from "zod";

export const turnSchema = z.union([
  z.object({ role: z.literal("user"), content: z.string() }),
  z.object({ role: z.literal("assistant"), content: z.string() }),
]);

export type Turn = z.infer<typeof turnSchema>;

/** Turns of the thread that the model is shown. */
const LAST_TURNS = 40;

/**
 * The thread of a run, in the memory of an agent, where Holdfast's routes find it too. A run writes a message under an id of its own, so that a step
 * that is executed again writes it once.
 */
export class Conversation {
  readonly #memory: Memory;
  readonly #runId: string;
  readonly #threadId: string;
  readonly #resourceId: string;

  private constructor(memory: Memory, ids: { readonly runId: string; readonly threadId: string; readonly resourceId: string }) {
    this.#memory = memory;
    this.#runId = ids.runId;
    this.#threadId = ids.threadId;
    this.#resourceId = ids.resourceId;
  }

  /**
   * `runId`: the same for a run and those that go on from it. Whose thread it is, is never the page's word: it stands in the request context, where
   * Holdfast puts it.
   */
  static of(memory: Memory, { requestContext, runId }: { readonly requestContext: RequestContext; readonly runId: string }): Conversation {
    const { threadId } = requestContext.get("holdfast") as { readonly threadId: string };
    const { resourceId } = requestContext.get("principal") as { readonly resourceId: string };
    return new Conversation(memory, { runId, threadId, resourceId });
  }

  /** What was said before this run, the oldest first. */
  async history(): Promise<Turn[]> {
    // Mastra throws for a thread that does not exist.
    if ((await this.#memory.getThreadById({ threadId: this.#threadId })) === null) return [];
    const { messages } = await this.#memory.recall({
      threadId: this.#threadId,
      resourceId: this.#resourceId,
      page: 0,
      perPage: LAST_TURNS,
      orderBy: { field: "createdAt", direction: "DESC" },
    });
    return messages
      .filter(({ id }) => !id.startsWith(this.#runId))
      // The newest ones are asked for; in which order they come, Mastra does not say.
      .toSorted((one, other) => new Date(one.createdAt).getTime() - new Date(other.createdAt).getTime())
      .flatMap(turnOf);
  }

  /** `part`: tells the messages of one run apart. */
  async write(part: string, { role, content }: Turn): Promise<void> {
    if (content === "") return;
    const [threadId, resourceId] = [this.#threadId, this.#resourceId];
    if ((await this.#memory.getThreadById({ threadId })) === null) {
      await this.#memory.createThread({ threadId, resourceId, title: titleOf(content) });
    }
    const message: MastraDBMessage = {
      id: `${this.#runId}-${part}`,
      role,
      threadId,
      resourceId,
      createdAt: new Date(),
      content: { format: 2, parts: [{ type: "text", text: content }] },
    };
    await this.#memory.saveMessages({ messages: [message] });
  }
}

function turnOf({ role, content }: MastraDBMessage): readonly Turn[] {
  const text = content.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  return (role === "user" || role === "assistant") && text !== "" ? [{ role, content: text }] : [];
}

function titleOf(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
