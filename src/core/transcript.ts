import type { Entry } from "./entry.ts";
import type { ContentEvent, ProviderMetadata, RunEvent, TerminalEvent } from "./event.ts";
import type { Json } from "./json.ts";
import { START, type Offset } from "./offset.ts";
import { addUsage, type Usage } from "./usage.ts";

/** What the log of a run amounts to once superseded work is left out: what recovery goes on from and what the thread keeps. */
export interface Transcript {
  readonly steps: readonly TranscriptStep[];
  /** Offset of the last entry that was read. */
  readonly offset: Offset;
  /** Usage of every finished model call that stands; sub-agents not included. */
  readonly usage: Usage;
  readonly end: TerminalEvent | undefined;
}

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
  readonly state: "input-streaming" | "called" | "started" | "result" | "error" | "denied";
  readonly output?: Json;
  readonly message?: string;
  readonly outcomeUnknown?: boolean;
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

type Writable<T> = { -readonly [field in keyof T]: T[field] };
type Draft = Omit<Writable<TranscriptStep>, "parts"> & { parts: Writable<TranscriptPart>[] };

/** Folds a log into its transcript. */
export function transcriptOf(entries: Iterable<Entry>): Transcript {
  let steps: Draft[] = [];
  let offset: Offset = START;
  let end: TerminalEvent | undefined;
  for (const entry of entries) {
    const { event } = entry;
    if (event.type === "attempt-started") {
      const { resetTo } = event;
      if (resetTo !== undefined) steps = steps.filter((step) => step.before < resetTo);
    } else if (event.type === "step-started") {
      const opened = steps[steps.length - 1];
      if (opened?.step !== event.step) steps.push({ step: event.step, before: offset, parts: [], modelFinished: undefined, isFinished: false, isLast: false });
    } else if (event.type === "run-completed" || event.type === "run-failed" || event.type === "run-canceled" || event.type === "run-suspended") {
      end = event;
    } else if (event.type !== "run-started" && event.type !== "nested") {
      // What comes before the first step (a processor's data part) belongs to it, though its model call has not begun.
      if (steps.length === 0) steps.push({ step: 0, before: offset, parts: [], modelFinished: undefined, isFinished: false, isLast: false });
      addToStep(steps, event);
    }
    offset = entry.offset;
  }
  const usage = steps.reduce<Usage>((sum, step) => addUsage(sum, step.modelFinished?.usage ?? {}), {});
  return { steps, offset, usage, end };
}

function addToStep(steps: Draft[], event: Exclude<RunEvent, TerminalEvent | { type: "run-started" | "attempt-started" | "step-started" | "nested" }>): void {
  const step = steps[steps.length - 1] as Draft;
  switch (event.type) {
    case "model-finished":
      step.modelFinished = event;
      return;
    case "step-finished":
      step.isFinished = true;
      step.isLast = !event.isContinued;
      return;
    case "text-start":
    case "reasoning-start":
      step.parts.push({
        type: event.type === "text-start" ? "text" : "reasoning",
        id: event.id,
        text: "",
        isDone: false,
        ...(event.providerMetadata && { providerMetadata: event.providerMetadata }),
      });
      return;
    case "text-delta":
    case "reasoning-delta":
    case "text-end":
    case "reasoning-end":
      growText(step, event);
      return;
    case "source":
    case "file":
    case "custom":
    case "tripwire":
      step.parts.push(event);
      return;
    case "data":
    case "object":
      replacePart(steps, event);
      return;
    case "tool-progress":
    case "raw":
      return;
    default:
      growTool(steps, event);
  }
}

function growText(step: Draft, event: Extract<ContentEvent, { type: "text-delta" | "reasoning-delta" | "text-end" | "reasoning-end" }>): void {
  const part = step.parts.findLast((candidate) => (candidate.type === "text" || candidate.type === "reasoning") && candidate.id === event.id);
  if (part === undefined || (part.type !== "text" && part.type !== "reasoning")) return;
  if (event.type === "text-delta" || event.type === "reasoning-delta") {
    part.text += event.text;
    return;
  }
  part.isDone = true;
  if (event.providerMetadata) part.providerMetadata = { ...part.providerMetadata, ...event.providerMetadata };
}

function replacePart(steps: Draft[], event: Extract<ContentEvent, { type: "data" | "object" }>): void {
  if (event.type === "data" && event.transient === true) return;
  for (const step of steps) {
    const index = step.parts.findIndex((part) =>
      event.type === "object" ? part.type === "object" : event.id !== undefined && part.type === "data" && part.name === event.name && part.id === event.id,
    );
    if (index >= 0) {
      step.parts[index] = event;
      return;
    }
  }
  (steps[steps.length - 1] as Draft).parts.push(event);
}

type ToolEvent = Extract<
  ContentEvent,
  { type: "tool-input-start" | "tool-input-delta" | "tool-call" | "tool-started" | "tool-result" | "tool-error" | "tool-denied" }
>;

function growTool(steps: Draft[], event: ToolEvent): void {
  const known = findTool(steps, event.toolCallId);
  if (event.type === "tool-input-delta") {
    if (known) known.inputText += event.text;
    return;
  }
  const part = known ?? addTool(steps, event.toolCallId, event.toolName);
  switch (event.type) {
    case "tool-input-start":
    case "tool-call": {
      const { type, ...fields } = event;
      Object.assign(part, fields, { state: type === "tool-call" ? "called" : "input-streaming" });
      return;
    }
    case "tool-started":
      part.state = "started";
      return;
    case "tool-result":
      part.state = "result";
      part.output = event.output;
      return;
    case "tool-error":
      part.state = "error";
      part.message = event.message;
      if (event.outcomeUnknown === true) part.outcomeUnknown = true;
      return;
    case "tool-denied":
      part.state = "denied";
      if (event.reason !== undefined) part.message = event.reason;
  }
}

function findTool(steps: readonly Draft[], toolCallId: string): Writable<ToolPart> | undefined {
  for (let index = steps.length - 1; index >= 0; index -= 1) {
    const part = steps[index]?.parts.find((candidate) => candidate.type === "tool" && candidate.toolCallId === toolCallId);
    if (part?.type === "tool") return part;
  }
  return undefined;
}

function addTool(steps: readonly Draft[], toolCallId: string, toolName: string): Writable<ToolPart> {
  const part: Writable<ToolPart> = { type: "tool", toolCallId, toolName, inputText: "", state: "input-streaming" };
  steps[steps.length - 1]?.parts.push(part);
  return part;
}
