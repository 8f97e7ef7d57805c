/** What a step of the command line gave, or one line that says why it could not and what to do. */
export type Result<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

export function success<Value>(value: Value): Result<Value> {
  return { ok: true, value };
}

export function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

/** The first line of an error's message: the rest is a stack or a list that a terminal need not show. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? "";
}
