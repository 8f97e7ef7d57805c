import type { BillingPolicy } from "./bill.ts";
import type { Json, JsonObject } from "./json.ts";

export const RUN_STATUSES = ["pending", "running", "waiting", "completed", "failed", "canceled", "suspended"] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];
export type TerminalStatus = "completed" | "failed" | "canceled" | "suspended";

/** Which status may follow which. A status without followers is terminal. */
export const RUN_TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  pending: ["running"],
  running: ["waiting", "completed", "failed", "canceled", "suspended"],
  waiting: ["running"],
  completed: [],
  failed: [],
  canceled: [],
  suspended: [],
};

export function canFollow(from: RunStatus, to: RunStatus): boolean {
  return RUN_TRANSITIONS[from].includes(to);
}

export function isTerminal(status: RunStatus): status is TerminalStatus {
  return RUN_TRANSITIONS[status].length === 0;
}

/** Why a run failed, in words fit for its owner: no stack, no path. */
export interface RunError {
  readonly code: string;
  readonly message: string;
}

/** What a run was started with; enough for any node to execute it again. */
export interface RunInput {
  /**
   * UI messages `{ id, role, parts }`. For an agent with memory only what is new in this request (its history comes from the
   * thread); for an agent without memory the whole conversation.
   */
  readonly messages: readonly JsonObject[];
  /** `regenerate`: the last answer of the thread is replaced; {@link replacesMessageId} names it where the client did. */
  readonly trigger: "submit" | "regenerate";
  readonly replacesMessageId?: string;
  /** Values for the agent's request context, such as the claims of the principal. */
  readonly context?: JsonObject;
  /** The run executes a workflow instead of an agent: its input, checked by the workflow's own schema. `messages` are empty then. */
  readonly workflow?: { readonly input: Json };
  /** Tools that the page of this request executes. A tool of the agent's own goes before one of the same name. */
  readonly pageTools?: readonly PageTool[];
  /** What the model is told before the conversation, each as a message of the system; kept in no thread. */
  readonly notes?: readonly string[];
  /** What the page takes for the state of the conversation: put into the agent's working memory, where it has one. */
  readonly state?: Json;
  /** JSON Schema that the answer has to fit; the run fails with OUTPUT_INVALID where it does not. */
  readonly outputSchema?: JsonObject;
  /** Options for the agent's memory, as Mastra takes them. */
  readonly memoryOptions?: JsonObject;
  /**
   * How long a run that asks for nothing but what tools of the page give is held open as `waiting`, in milliseconds. Left out, or once this is
   * over: it ends as `suspended`.
   */
  readonly holdMs?: number;
}

/** A tool that a page executes. */
export interface PageTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its input. */
  readonly parameters?: JsonObject;
}

/** One execution of an agent, started by one request. */
export interface Run {
  readonly id: string;
  readonly threadId: string;
  readonly resourceId: string;
  /** The agent that is executed, or the workflow where the input is one's. */
  readonly agentId: string;
  readonly status: RunStatus;
  /** The epoch of the newest claim; 0 before the first. */
  readonly attempt: number;
  /** How often a process died while holding the run. */
  readonly crashes: number;
  /** The id of the assistant message that this run writes: in the stream, in every replay and in the thread. */
  readonly messageId: string;
  /** The suspended run that this one goes on from. */
  readonly parentRunId?: string;
  /** The id that the client gave the run, where its protocol lets it; unique only to the client. */
  readonly clientRunId?: string;
  readonly input: RunInput;
  readonly billingPolicy: BillingPolicy;
  /** Set once somebody asked for the run to stop. */
  readonly cancelRequested: boolean;
  /** Why the run is to stop, where it was not asked for by a principal. */
  readonly cancelReason?: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly error?: RunError;
}

/** The id that a message is kept under where another thread has its own: ids of messages are unique over all threads. */
export function standInId(threadId: string, messageId: string): string {
  return `${messageId}@${threadId}`;
}

/** What happens to a start on a thread that has an active run. */
export type BusyThreadPolicy = "reject" | "queue" | "cancel-previous";

/** Ids that another protocol uses as a path segment where a chat id stands. */
export const RESERVED_THREAD_IDS: ReadonlySet<string> = new Set(["stream", "resume", "notifications"]);
