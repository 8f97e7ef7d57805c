/** What a run ends with that gives no answer. */
const RUN_FAILURES = {
  NOT_AUTHENTICATED: "The request context names no user with roles and a tenant.",
  QUESTION_INVALID: "The question is empty or too long.",
  RETRIEVAL_FAILED: "The documents could not be searched.",
  ANSWER_FAILED: "The answer could not be written.",
  VERIFICATION_FAILED: "The answer could not be verified.",
  ANSWER_WITHHELD: "The answer is withheld.",
  RECORD_FAILED: "The decision could not be recorded.",
} as const;

export type RunFailureCode = keyof typeof RUN_FAILURES;

/** What can go wrong, each code for one cause. */
export type FailureCode = RunFailureCode | "POLICY_INVALID" | "DOCUMENT_INVALID";

/** An error that says what happened in words that anybody may read; what is behind it is its cause, for the log. */
export class Failure extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.code = code;
  }
}

/** The code stands in the message, since that is what the log of a run keeps of an error. */
export function runFailure(code: RunFailureCode, options?: ErrorOptions): Failure {
  return new Failure(code, `${RUN_FAILURES[code]} (${code})`, options);
}

/** What {@link runFailure} has put into a message. */
export function codeIn(message: string): RunFailureCode | undefined {
  const code = /\(([A-Z_]+)\)$/.exec(message)?.[1];
  return code !== undefined && Object.hasOwn(RUN_FAILURES, code) ? (code as RunFailureCode) : undefined;
}
