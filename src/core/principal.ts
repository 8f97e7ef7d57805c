import type { JsonObject } from "./json.ts";

/** Who makes a request. Always derived from credentials, never from a body. */
export interface Principal {
  /** The owner under which runs and threads are kept: the `sub` of a token. */
  readonly resourceId: string;
  /** What else the credentials say; reaches the agent through its request context. */
  readonly claims?: JsonObject;
  /** May see and answer the interrupts of every resource: somebody of the back office. */
  readonly isApprover?: boolean;
  /** Authentication was switched off: a protocol that lets a request name the owner may believe it. */
  readonly isOpen?: boolean;
}
