/** What can go wrong, each code for one cause. */
export type FailureCode = "POLICY_INVALID" | "DOCUMENT_INVALID";

/** An error that says what happened in words that anybody may read; what is behind it is its cause, for the log. */
export class Failure extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.code = code;
  }
}
