import type { Entry } from "./entry.ts";
import type { ContentEvent, NestedEvent, RunEvent, StepEvent, TerminalEvent } from "./event.ts";
import type { InterruptRequest } from "./interrupt.ts";
import type { Json } from "./json.ts";
import { usageInside } from "./ledger.ts";
import { START, type Offset } from "./offset.ts";
import type { ToolPart, Transcript, TranscriptPart, TranscriptStep } from "./transcript.ts";
import { findTool, growTool, isToolEvent } from "./transcript-tools.ts";
import { addUsage, type Usage } from "./usage.ts";
import { growWorkflow, noteAnswer, type WorkflowStepRecord } from "./workflow-transcript.ts";

export type Writable<T> = { -readonly [field in keyof T]: T[field] };
export type StepDraft = Omit<Writable<TranscriptStep>, "parts"> & { parts: Writable<TranscriptPart>[] };

/** One agent's part of a transcript while it is folded. */
export interface AgentDraft {
  steps: StepDraft[];
  readonly nested: Map<string, AgentDraft>;
  /** What stood in earlier steps before a later one put something else in its place, the oldest first. */
  replaced: ReplacedPart[];
}

interface ReplacedPart {
  readonly by: StepDraft;
  readonly step: StepDraft;
  readonly index: number;
  readonly part: TranscriptPart;
}

/** The run's own agent, with what its working memory held, each with the offset before it. */
interface RunDraft extends AgentDraft {
  states: { before: Offset; readonly value: Json }[];
  /** Steps of a workflow; empty for an agent. */
  readonly workflowSteps: Map<string, WorkflowStepRecord>;
  hasResult: boolean;
  /** Where the newest request stands in the run's own log. */
  request: Offset;
}

/**
 * Folds a log into its transcript. `ancestry`: the logs of the suspended runs that the run goes on from; what they hold counts as the
 * run's own, and is never reset.
 */
export function transcriptOf(entries: Iterable<Entry>, ancestry: Iterable<Entry> = []): Transcript {
  const draft: RunDraft = { ...newAgent(), states: [], request: START, workflowSteps: new Map(), hasResult: false };
  let offset: Offset = START;
  for (const entry of ancestry) {
    // Each log counts from its own beginning, and resets only what is its own.
    if (entry.event.type === "run-started") settle(draft);
    grow(draft, entry.event, offset);
    offset = entry.offset;
  }
  settle(draft);
  offset = START;
  let end: TerminalEvent | undefined;
  let inside: Usage = {};
  for (const entry of entries) {
    inside = addUsage(inside, usageInside(entry));
    end = grow(draft, entry.event, offset) ?? end;
    offset = entry.offset;
    if (entry.event.type === "run-started" || entry.event.type === "interrupt-answered") draft.request = offset;
  }
  // What the runs before this one used is on their own bills.
  const own = draft.steps.filter((step) => step.before !== START);
  const isWorkflow = draft.workflowSteps.size > 0;
  const usage = isWorkflow ? inside : own.reduce<Usage>((sum, step) => addUsage(sum, step.modelFinished?.usage ?? {}), {});
  const workflow = isWorkflow && { workflow: { steps: draft.workflowSteps, hasResult: draft.hasResult } };
  const isTakenUp = [...own, ...draft.states].some(({ before }) => before !== START && before >= draft.request);
  return { steps: draft.steps, offset, usage, end, nested: draft.nested, states: draft.states.map(({ value }) => value), isTakenUp, ...workflow };
}

function newAgent(): AgentDraft {
  return { steps: [], nested: new Map(), replaced: [] };
}

/** What stands so far is out of the reach of every reset. */
function settle(draft: RunDraft): void {
  for (const settled of [...draft.steps, ...draft.states]) settled.before = START;
  draft.replaced = [];
}

/** Adds an event; `before`: the offset that a reset of what begins here goes back to. Gives the event if it ends the run. */
function grow(draft: RunDraft, event: RunEvent, before: Offset): TerminalEvent | undefined {
  switch (event.type) {
    case "run-started":
    case "model-cut":
      return undefined;
    case "state":
      draft.states.push({ before, value: event.value });
      return undefined;
    case "run-waiting":
      for (const request of event.interrupts) interrupt(findTool(draft, request.toolCallId), request);
      return undefined;
    case "run-completed":
    case "run-failed":
    case "run-canceled":
      return event;
    case "run-suspended":
      for (const request of event.interrupts) interrupt(findTool(draft, request.toolCallId), request);
      return event;
    case "attempt-started": {
      const { resetTo } = event;
      if (resetTo !== undefined) {
        dropSteps(draft, (step) => step.before >= resetTo);
        draft.states = draft.states.filter((state) => state.before < resetTo);
      }
      for (const nested of draft.nested.values()) dropCutStep(nested);
      return undefined;
    }
    case "workflow-step-started":
    case "workflow-step-finished":
      growWorkflow(draft.workflowSteps, event);
      return undefined;
    case "interrupt-answered": {
      noteAnswer(draft.workflowSteps, event);
      const tool = findTool(draft, event.toolCallId);
      if (tool?.interrupt?.id === event.interruptId) tool.answer = { value: event.answer, ...(event.isDeclined && { isDeclined: true as const }) };
      return undefined;
    }
    default:
      if (draft.workflowSteps.size > 0 && event.type !== "nested") draft.hasResult ||= event.type === "object" && event.isFinal;
      else growAgent(draft, event, before);
      return undefined;
  }
}

/** Logs of early versions tell of a question at the end of the run only. */
function interrupt(tool: Writable<ToolPart> | undefined, request: InterruptRequest): void {
  if (tool === undefined || tool.interrupt?.id === request.id) return;
  tool.state = "interrupted";
  tool.interrupt = request;
}

/** The model call that a sub-agent was in is made again by the attempt that begins, under the same number. */
function dropCutStep(draft: AgentDraft): void {
  const last = draft.steps.at(-1);
  if (last?.modelFinished === undefined) dropSteps(draft, (step) => step === last);
  for (const nested of draft.nested.values()) dropCutStep(nested);
}

/** Takes steps out, and puts back what they had put something else in the place of. */
function dropSteps(draft: AgentDraft, isDropped: (step: StepDraft) => boolean): void {
  for (const { by, step, index, part } of draft.replaced.toReversed()) if (isDropped(by)) step.parts[index] = part;
  draft.replaced = draft.replaced.filter(({ by }) => !isDropped(by));
  draft.steps = draft.steps.filter((step) => !isDropped(step));
}

function growAgent(draft: AgentDraft, event: ContentEvent | NestedEvent | StepEvent, before: Offset): void {
  if (event.type === "nested") {
    const nested = draft.nested.get(event.toolCallId) ?? newAgent();
    draft.nested.set(event.toolCallId, nested);
    growAgent(nested, event.event, before);
    return;
  }
  if (event.type === "step-started" || event.type === "model-called") {
    openStep(draft, event.step, before);
    return;
  }
  // What comes before the first step (a processor's data part) belongs to it, though its model call has not begun.
  if (draft.steps.length === 0) openStep(draft, 0, before);
  addToStep(draft, event);
}

function openStep(draft: AgentDraft, step: number, before: Offset): void {
  const opened = draft.steps[draft.steps.length - 1];
  if (opened?.step === step) return;
  draft.steps.push({ step, before, parts: [], modelFinished: undefined, isFinished: false, isLast: false });
}

function addToStep(draft: AgentDraft, event: Exclude<ContentEvent | StepEvent, { type: "step-started" | "model-called" }>): void {
  const step = draft.steps[draft.steps.length - 1] as StepDraft;
  if (isToolEvent(event)) {
    growTool(draft, event);
    return;
  }
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
      replacePart(draft, event);
      return;
    case "tool-progress":
    case "raw":
    case "workflow-step-started":
    case "workflow-step-finished":
  }
}

function growText(step: StepDraft, event: Extract<ContentEvent, { type: "text-delta" | "reasoning-delta" | "text-end" | "reasoning-end" }>): void {
  const part = step.parts.findLast((candidate) => (candidate.type === "text" || candidate.type === "reasoning") && candidate.id === event.id);
  if (part === undefined || (part.type !== "text" && part.type !== "reasoning")) return;
  if (event.type === "text-delta" || event.type === "reasoning-delta") {
    part.text += event.text;
    return;
  }
  part.isDone = true;
  if (event.providerMetadata) part.providerMetadata = { ...part.providerMetadata, ...event.providerMetadata };
}

function replacePart(draft: AgentDraft, event: Extract<ContentEvent, { type: "data" | "object" }>): void {
  if (event.type === "data" && event.transient === true) return;
  const current = draft.steps[draft.steps.length - 1] as StepDraft;
  for (const step of draft.steps) {
    const index = step.parts.findIndex((part) =>
      event.type === "object" ? part.type === "object" : event.id !== undefined && part.type === "data" && part.name === event.name && part.id === event.id,
    );
    const part = step.parts[index];
    if (part === undefined) continue;
    keepReplaced(draft, { by: current, step, index, part });
    step.parts[index] = event;
    return;
  }
  current.parts.push(event);
}

/** An object is replaced many times while it streams; a reset goes back to what stood before the step. */
function keepReplaced({ replaced }: AgentDraft, part: ReplacedPart): void {
  const isKept = replaced.some(({ by, step, index }) => by === part.by && step === part.step && index === part.index);
  if (part.step !== part.by && !isKept) replaced.push(part);
}
