import type { Message, ResumeEntry } from "@ag-ui/core";
import { HoldfastError } from "../../core/error.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { InterruptAnswer } from "../../core/interrupt-store.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { newQuestions, textOf, toolMessages } from "./conversation.ts";
import type { AgUiRequest } from "./decode.ts";

// Questions of a thread that are looked at, the newest first: those of the run that asked last are among them.
const RECENT_INTERRUPTS = 100;

type ToolMessage = Extract<Message, { role: "tool" }>;

/** What a request says to questions of its thread. */
export type Given =
  /** `open`: the questions for a person that hold the thread back. */
  | { readonly kind: "nothing"; readonly open: readonly string[] }
  | { readonly kind: "answers"; readonly answers: readonly InterruptAnswer[] }
  /** Every question of the run was given up, and some can no longer be answered: only its cancel is left. */
  | { readonly kind: "cancel"; readonly runId: string };

/**
 * Finds what a request answers: `resume` the questions for a person, tool messages those for tools of the page. Entries about questions that
 * this thread never asked are passed by.
 * @throws {HoldfastError} INTERRUPT_OPEN when a question is left out that holds the thread back
 */
export async function answersIn(engine: Engine, principal: Principal, request: AgUiRequest & { readonly threadId: string }): Promise<Given> {
  const { interrupts } = await engine.listInterrupts(principal, { threadId: request.threadId, limit: RECENT_INTERRUPTS });
  const asked = interrupts.filter(({ resourceId }) => resourceId === principal.resourceId);
  const entries = new Map(request.resume.map((entry) => [entry.interruptId, entry]));
  const results = toolMessages(request.messages);
  const isAnswered = (interrupt: Interrupt): boolean => entries.has(interrupt.id) && interrupt.kind !== "frontend-tool";
  const isGiven = (interrupt: Interrupt): boolean => interrupt.kind === "frontend-tool" && results.has(interrupt.toolCallId);
  // The whole history comes with each request: what was given long ago is looked at only where the request says nothing else.
  const isRepeat = newQuestions(request.messages).length === 0;
  const first = asked.find((one) => isAnswered(one) || (isGiven(one) && (isRepeat || one.status === "pending")));
  if (first === undefined) return { kind: "nothing", open: openIn(ofSameRun(asked, asked.find(isOpen)), entries) };
  const ofRun = ofSameRun(asked, first);
  refuseOpen(openIn(ofRun, entries));
  if (ofRun.some((one) => one.status === "expired" && entries.get(one.id)?.status === "cancelled")) return { kind: "cancel", runId: first.runId };
  const answers = ofRun.flatMap((one): readonly InterruptAnswer[] => {
    const entry = one.kind === "frontend-tool" ? undefined : entries.get(one.id);
    if (entry !== undefined) return [personAnswer(one, entry)];
    const result = isGiven(one) ? results.get(one.toolCallId) : undefined;
    return result === undefined ? [] : [{ interruptId: one.id, answer: pageAnswer(result) }];
  });
  return { kind: "answers", answers };
}

function ofSameRun(asked: readonly Interrupt[], one: Interrupt | undefined): readonly Interrupt[] {
  return asked.filter(({ runId }) => runId === one?.runId);
}

function isOpen({ kind, status }: Interrupt): boolean {
  return kind !== "frontend-tool" && status === "pending";
}

/** The questions for a person that a request passes over. */
function openIn(ofRun: readonly Interrupt[], entries: ReadonlyMap<string, ResumeEntry>): readonly string[] {
  return ofRun.filter((one) => isOpen(one) && !entries.has(one.id)).map(({ id }) => id);
}

/**
 * A question for a person that is passed over is neither acted on nor given up.
 * @throws {HoldfastError} INTERRUPT_OPEN
 */
export function refuseOpen(open: readonly string[]): void {
  if (open.length === 0) return;
  throw new HoldfastError(
    "INTERRUPT_OPEN",
    `The conversation waits for answers to ${open.join(", ")}; answer each of them in resume, as resolved or as cancelled.`,
  );
}

/** Only the status decides: what it carries is handed on as it is, `false` and `null` included. */
function personAnswer({ id, kind }: Interrupt, entry: ResumeEntry): InterruptAnswer {
  const payload = (entry.payload ?? null) as Json;
  const reason = isObject(payload) && typeof payload["reason"] === "string" ? { reason: payload["reason"] } : {};
  if (kind !== "tool-approval")
    return entry.status === "cancelled" ? { interruptId: id, answer: payload, isDeclined: true } : { interruptId: id, answer: payload };
  const isRefused = payload === false || (isObject(payload) && payload["approved"] === false);
  return { interruptId: id, answer: { approved: entry.status === "resolved" && !isRefused, ...reason } };
}

/** The id of the client's own message goes along, so that every viewer of the thread knows it by the same one. */
function pageAnswer({ id, content, error }: ToolMessage): Json {
  if (error !== undefined) return { error, messageId: id };
  return { output: valueOf(textOf(content)), messageId: id };
}

/** A client can send nothing but text: what is an object in it is one for the model too. */
function valueOf(text: string): Json {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
