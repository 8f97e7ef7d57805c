/** Every code a {@link HoldfastError} can carry. A code never has two causes. */
export const ERROR_CODES = [
  "RUN_NOT_FOUND",
  "THREAD_NOT_FOUND",
  "AGENT_NOT_FOUND",
  "WORKFLOW_NOT_FOUND",
  "WORKFLOW_CHANGED",
  "INTERRUPT_NOT_FOUND",
  "THREAD_BUSY",
  "THREAD_CHANGED",
  "RUN_ENDED",
  "RUN_ID_USED",
  "ALREADY_ANSWERED",
  "INTERRUPT_CLOSED",
  "INTERRUPT_OPEN",
  "IDEMPOTENCY_MISMATCH",
  "OFFSET_INVALID",
  "INPUT_INVALID",
  "INPUT_TOO_LARGE",
  "NOT_AUTHENTICATED",
  "NOT_AUTHORIZED",
  "NOT_SUPPORTED",
  "RATE_LIMITED",
  "OVERLOADED",
  "SHUTTING_DOWN",
  "AUTH_UNAVAILABLE",
  "STORE_UNAVAILABLE",
  "STORE_SCHEMA_MISMATCH",
  "CONFIG_INVALID",
  "AGENT_FAILED",
  "OUTPUT_INVALID",
  "RUN_POISONED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes whose cause may be gone when the same request is sent again. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["THREAD_BUSY", "RATE_LIMITED", "OVERLOADED", "SHUTTING_DOWN", "AUTH_UNAVAILABLE", "STORE_UNAVAILABLE"]);

const BRAND = Symbol.for("holdfast.error");

/**
 * The one error class of the package. The message says what happened, with ids, then what to do; it never holds a body, a
 * credential, a stack or a path, so it may be shown to the caller.
 *
 * @example
 * try { await holdfast.engine.cancel(principal, runId) } catch (error) {
 *   if (HoldfastError.is(error) && error.code === "RUN_ENDED") return;
 *   throw error;
 * }
 */
export class HoldfastError extends Error {
  override readonly name: string = "HoldfastError";
  readonly code: ErrorCode;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, string | number | boolean>> | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Readonly<Record<string, string | number | boolean>> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, BRAND, { value: true });
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.details = options.details;
  }

  /** Recognises a HoldfastError, also one from a second copy of this package. */
  static is(value: unknown): value is HoldfastError {
    return typeof value === "object" && value !== null && (value as { [BRAND]?: boolean })[BRAND] === true;
  }
}
