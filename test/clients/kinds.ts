import { inject } from "vitest";
import type { ClientKind } from "./chat-client.ts";
import { defaultV7, workflowV7 } from "./clients-v7.ts";
import { workflowV6 } from "./v6/clients-v6.ts";

/** The clients that every test is about, unless it says otherwise. */
export const KINDS: readonly ClientKind[] = [defaultV7, workflowV7, workflowV6];

/** The shared server that speaks the version of the client. */
export function serverFor(kind: ClientKind): string {
  return inject(kind.version === 6 ? "serverV6" : "serverV7");
}
