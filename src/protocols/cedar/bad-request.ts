/** What is wrong with a body: where, as `stepPath.0`, and how. Never its values. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** A body that cannot be read. */
export class BadRequest extends Error {
  override readonly name: string = "BadRequest";
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
    this.issues = issues;
  }
}
