import type { ContentEvent, ProviderMetadata, RunEvent, TerminalEvent } from "./event.ts";
import type { InterruptRequest } from "./interrupt.ts";
import type { Json } from "./json.ts";
import type { Offset } from "./offset.ts";
import type { Usage } from "./usage.ts";
import type { WorkflowTranscript } from "./workflow-transcript.ts";

/** What the log of a run amounts to once superseded work is left out: what recovery goes on from and what the thread keeps. */
export interface Transcript {
  readonly steps: readonly TranscriptStep[];
  /** Offset of the last entry that was read. */
  readonly offset: Offset;
  /** Usage of every finished model call that stands; sub-agents not included. Of a workflow: of all the agents in it. */
  readonly usage: Usage;
  readonly end: TerminalEvent | undefined;
  /** What sub-agents did, by the id of the tool call that each runs in. */
  readonly nested: ReadonlyMap<string, NestedTranscript>;
  /** What the working memory held, each time it changed, the newest last; none for an agent without. */
  readonly states?: readonly Json[];
  /** Of a run that executes a workflow, once a step of it began. */
  readonly workflow?: WorkflowTranscript;
  /** Whether an attempt got past its beginning since the newest request, the start or the last answer: a state or a step stands behind it. */
  readonly isTakenUp?: boolean;
}

/** What a sub-agent did inside one tool call. */
export type NestedTranscript = Pick<Transcript, "steps" | "nested">;

export interface TranscriptStep {
  readonly step: number;
  /** The offset before the step began: what a reset of this step goes back to. */
  readonly before: Offset;
  readonly parts: readonly TranscriptPart[];
  /** Set once the model's answer is complete. */
  readonly modelFinished: Extract<RunEvent, { type: "model-finished" }> | undefined;
  readonly isFinished: boolean;
  /** Whether the agent ended with this step. */
  readonly isLast: boolean;
}

export type TranscriptPart =
  | { readonly type: "text" | "reasoning"; readonly id: string; readonly text: string; readonly isDone: boolean; readonly providerMetadata?: ProviderMetadata }
  | ToolPart
  | Extract<ContentEvent, { type: "source" | "file" | "data" | "custom" | "object" | "tripwire" }>;

export interface ToolPart {
  readonly type: "tool";
  readonly toolCallId: string;
  readonly toolName: string;
  readonly providerExecuted?: boolean;
  readonly dynamic?: boolean;
  readonly title?: string;
  readonly providerMetadata?: ProviderMetadata;
  /** The input as the model wrote it, while or where it is not complete. */
  readonly inputText: string;
  readonly input?: Json;
  readonly invalid?: string;
  readonly state: "input-streaming" | "called" | "started" | "interrupted" | "result" | "error" | "denied";
  readonly output?: Json;
  readonly message?: string;
  readonly outcomeUnknown?: boolean;
  /** The newest question that the call asked. */
  readonly interrupt?: InterruptRequest;
  /** What that question was answered with; any JSON value, so it is wrapped. */
  readonly answer?: { readonly value: Json; readonly isDeclined?: true };
}

/** Whether a call has come to its end. */
export function isSettled(part: ToolPart): boolean {
  return part.state === "result" || part.state === "error" || part.state === "denied";
}

/** Where a recovery must reset the log to: set when the last step's model call was cut before its answer was complete. */
export function resetPoint(transcript: Transcript): Offset | undefined {
  const last = transcript.steps[transcript.steps.length - 1];
  return last !== undefined && last.modelFinished === undefined ? last.before : undefined;
}

/** Whether the agent had ended by itself, so that only the end of the run is missing. */
export function isAnswered(transcript: Transcript): boolean {
  return transcript.steps[transcript.steps.length - 1]?.isLast === true;
}

/** The text of the answer so far, over all steps. */
export function textOf(transcript: Transcript): string {
  return transcript.steps.flatMap((step) => step.parts.map((part) => (part.type === "text" ? part.text : ""))).join("");
}
