import type { Json, JsonObject } from "./json.ts";

/**
 * `tool-approval`: a person says whether the call may be made. `tool-suspend`: the tool itself asked for something. `frontend-tool`:
 * the tool has no code on the server; the page executes it and gives its result. `workflow-suspend`: a step of a workflow asked for something;
 * the step stands where a tool's call does.
 */
export type InterruptKind = "tool-approval" | "tool-suspend" | "frontend-tool" | "workflow-suspend";

/** `canceled`: the run was canceled instead of being answered. */
export type InterruptStatus = "pending" | "answered" | "expired" | "canceled";

/** What a run asks before it can go on. */
export interface InterruptRequest {
  readonly id: string;
  readonly kind: InterruptKind;
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: Json;
  /** JSON Schema of an acceptable answer. */
  readonly resumeSchema?: Json;
  /** What the tool gave when it suspended. */
  readonly payload?: Json;
  /** The execution inside the tool that suspended, such as a workflow's run; the answer goes back to it. */
  readonly innerRunId?: string;
  /** Of a workflow: the step that suspended, those it lies in before it. */
  readonly stepPath?: readonly string[];
  /** From then on it can no longer be answered. Milliseconds since the Unix epoch. */
  readonly expiresAt?: number;
}

/** A question the run needs answered, as it is stored. */
export interface Interrupt extends InterruptRequest {
  readonly runId: string;
  readonly threadId: string;
  readonly agentId: string;
  /** The owner of the run that asks. */
  readonly resourceId: string;
  readonly status: InterruptStatus;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly answer?: Json;
  readonly isDeclined?: true;
  readonly answeredAt?: number;
  /** The resource of the principal that answered, or canceled. */
  readonly answeredBy?: string;
}

/** The answer to an approval. */
export interface ApprovalAnswer {
  readonly approved: boolean;
  readonly reason?: string;
}

/** What a page's tool gave, or why it failed. */
export type FrontendToolAnswer = { readonly output: Json } | { readonly error: string };

/** Whether the answer to an approval says yes. */
export function isApproved(answer: Json): boolean {
  return typeof answer === "object" && answer !== null && !Array.isArray(answer) && (answer as JsonObject)["approved"] === true;
}

/** What a decline gives as its reason. */
export function declineReason(answer: Json): string | undefined {
  const reason = typeof answer === "object" && answer !== null && !Array.isArray(answer) ? (answer as JsonObject)["reason"] : undefined;
  return typeof reason === "string" && reason !== "" ? reason : undefined;
}

/** Whether two JSON values are the same; the order of an object's fields does not matter. */
export function isSameJson(left: Json | undefined, right: Json | undefined): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: Json | undefined): string {
  return (
    JSON.stringify(value, (_key, field: unknown) =>
      typeof field === "object" && field !== null && !Array.isArray(field)
        ? Object.fromEntries(Object.entries(field).toSorted(([one], [other]) => (one < other ? -1 : 1)))
        : field,
    ) ?? "undefined"
  );
}
