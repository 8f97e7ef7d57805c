/** A message as Cedar shows it. */
export interface CedarMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly type: "text";
  readonly content: string;
}

/** A message as the server keeps it. */
export interface KeptMessage {
  readonly id: string;
  readonly role: string;
  readonly parts: readonly KeptPart[];
  /** Of an answer: the newest run that tells of it. */
  readonly metadata?: { readonly runId?: string };
}

interface KeptPart {
  readonly type: string;
  readonly text?: string;
}

/**
 * What a message says, in as many messages as the chat showed while it was said: there a line of progress, or a change of the page, stands
 * between what is said before and behind it. Neither is kept for Cedar.
 */
export function shownMessages({ id, role, parts }: KeptMessage): readonly CedarMessage[] {
  if (role !== "user" && role !== "assistant") return [];
  const pieces = role === "user" ? [parts.map(({ type, text = "" }) => (type === "text" ? text : "")).join("")] : piecesOf(parts);
  return pieces.filter((content) => content !== "").map((content, index) => ({ id: index === 0 ? id : `${id}:${index + 1}`, role, type: "text", content }));
}

function piecesOf(parts: readonly KeptPart[]): readonly string[] {
  const pieces: string[] = [""];
  for (const { type, text = "" } of parts) {
    if (type === "text") pieces.push((pieces.pop() ?? "") + spoken(text));
    else if (/^(tool-|dynamic-tool$|data-)/.test(type)) pieces.push("");
  }
  return pieces;
}

/** Where an answer is an object, the chat shows what that says; the server reads it by the same rules while it is said. */
function spoken(text: string): string {
  const value = objectIn(text);
  if (value === undefined || value["type"] !== undefined) return text;
  const content = [value["content"], value["text"]].find((words) => typeof words === "string");
  if (content !== undefined) return content;
  return ["action", "actions", "object", "objects"].flatMap((field) => value[field] ?? []).some(isForPage) ? "" : text;
}

function isForPage(value: unknown): boolean {
  const { type, stateKey } = Object(value) as { readonly type?: unknown; readonly stateKey?: unknown };
  return typeof type === "string" || typeof stateKey === "string";
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
