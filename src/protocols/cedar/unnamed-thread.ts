import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";

/** A page that was given no thread calls its only one this, whoever looks at it. */
const UNNAMED_THREAD = "default-thread";

/** Leaves room for a count in the 255 that an id may have. */
const MAX_NAME_LENGTH = 240;

/** Nobody takes more of somebody else's names than this by chance. */
const MAX_TAKEN = 100;

/**
 * The thread that a page means. A thread has one owner, so everybody's unnamed one is another: it is called after them, or by the next such
 * name that nobody else has taken.
 */
export async function threadMeant(engine: Pick<Engine, "threadOwner">, { resourceId }: Principal, threadId: string): Promise<string> {
  if (threadId !== UNNAMED_THREAD) return threadId;
  const name = await nameOf(resourceId);
  for (let count = 2, id = name; count <= MAX_TAKEN; id = `${name}:${count}`, count += 1) {
    const owner = await engine.threadOwner(id);
    if (owner === undefined || owner === resourceId) return id;
  }
  return name;
}

async function nameOf(resourceId: string): Promise<string> {
  const name = `${UNNAMED_THREAD}:${resourceId}`;
  if (name.length <= MAX_NAME_LENGTH) return name;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(resourceId));
  return `${UNNAMED_THREAD}:${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
