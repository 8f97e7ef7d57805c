import type { StoredMessage } from "../../core/agent-source.ts";
import type { Thread } from "../../core/protocol.ts";
import type { ThreadInfo, ThreadMessage } from "./public-types.ts";

/** The engine answers about what the principal owns, so the owner of a thread is who asked. */
export function threadInfo(thread: Thread, resourceId: string): ThreadInfo {
  const { id, title, metadata } = thread;
  return {
    id,
    resourceId,
    ...(title !== undefined && { title }),
    createdAt: isoTime(thread.createdAt),
    updatedAt: isoTime(thread.updatedAt),
    ...(metadata && { metadata }),
  };
}

export function threadResponse(thread: Thread, resourceId: string, status = 200): Response {
  return Response.json(threadInfo(thread, resourceId), { status, headers: { etag: entityTag(thread) } });
}

export function threadMessage({ id, role, content, createdAt, threadId }: StoredMessage): ThreadMessage {
  return { id, role, content, createdAt: isoTime(createdAt), threadId };
}

/** A client may build it from the `updatedAt` of the body. */
export function entityTag(thread: Thread): string {
  return `"${isoTime(thread.updatedAt)}"`;
}

/** Whether a header `If-Match` names this state of a thread. See RFC 9110, section 13.1.1. */
export function isNamedBy(header: string, thread: Thread): boolean {
  const tags = header.split(",").map((tag) => tag.trim());
  return tags.includes("*") || tags.includes(entityTag(thread));
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
