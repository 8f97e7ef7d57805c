import type { Message, ResumeEntry } from "@ag-ui/core";
import { HoldfastError } from "../../core/error.ts";
import type { Interrupt } from "../../core/interrupt.ts";
import type { InterruptAnswer } from "../../core/interrupt-store.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";
import { answered, newQuestions, textOf, toolMessages } from "./conversation.ts";
import type { AgUiRequest } from "./decode.ts";
import { interruptsOf } from "./stored-answers.ts";

// Questions of a thread that are looked at, the newest first: one of the run that is answered is among them.
const RECENT_INTERRUPTS = 100;

type ToolMessage = Extract<Message, { role: "tool" }>;

/** What a request says to questions of its thread. */
export type Given =
  /** `open`: the questions for a person that hold the thread back. */
  | { readonly kind: "nothing"; readonly open: readonly string[] }
  | { readonly kind: "answers"; readonly runId: string; readonly answers: readonly InterruptAnswer[] }
  /** Every question of the run was given up, and some can no longer be answered: only its cancel is left. */
  | { readonly kind: "cancel"; readonly runId: string };

/**
 * Finds what a request answers: `resume` the questions for a person, tool messages those for tools of the page. Entries about questions that
 * this thread never asked are passed by. `isRepeated`: whether the same request came before.
 * @throws {HoldfastError} INTERRUPT_OPEN when a question of the same run is left out
 */
export async function answersIn(
  engine: Engine,
  principal: Principal,
  request: AgUiRequest & { readonly threadId: string },
  isRepeated: boolean,
): Promise<Given> {
  const { threadId, messages, resume } = request;
  const { interrupts } = await engine.listInterrupts(principal, { threadId, limit: RECENT_INTERRUPTS });
  const asked = interrupts.filter(({ resourceId }) => resourceId === principal.resourceId);
  const entries = new Map(resume.map((entry) => [entry.interruptId, entry]));
  const results = toolMessages(messages);
  // The whole history comes with each request: only what nothing was said behind is given anew, or once more.
  const newest = newQuestions(messages).length > 0 && !isRepeated ? new Map<string, ToolMessage>() : toolMessages(messages.slice(answered(messages)));
  const isGiven = ({ id, kind, status, toolCallId }: Interrupt): boolean =>
    kind === "frontend-tool" ? newest.has(toolCallId) || (status === "pending" && results.has(toolCallId)) : entries.has(id);
  const first = asked.find(isGiven);
  if (first === undefined) return { kind: "nothing", open: await heldBack(engine, principal, threadId, asked, entries) };
  const ofRun = await interruptsOf(engine, principal, first.runId);
  refuseOpen(openIn(ofRun, entries));
  if (isGivenUp(ofRun, entries)) return { kind: "cancel", runId: first.runId };
  // A page that was loaded again executes anew what it has no result of, though the result of one of its calls is known here.
  const isOpenGiven = ofRun.some((one) => one.kind === "frontend-tool" && one.status === "pending" && isGiven(one));
  const answers = ofRun.flatMap((one): readonly InterruptAnswer[] => {
    if (one.kind === "frontend-tool") {
      const result = isGiven(one) && (one.status === "pending" || !isOpenGiven) ? results.get(one.toolCallId) : undefined;
      return result === undefined ? [] : [{ interruptId: one.id, answer: pageAnswer(result) }];
    }
    const entry = entries.get(one.id);
    return entry === undefined ? [] : [personAnswer(one, entry)];
  });
  return { kind: "answers", runId: first.runId, answers };
}

/** The questions that are open while the conversation has not gone on by other ways. */
async function heldBack(
  engine: Engine,
  principal: Principal,
  threadId: string,
  asked: readonly Interrupt[],
  entries: ReadonlyMap<string, ResumeEntry>,
): Promise<readonly string[]> {
  if (!asked.some(isOpen)) return [];
  const [newest] = (await engine.listRuns(principal, { threadId, limit: 1 })).runs;
  return openIn(
    asked.filter(({ runId }) => runId === newest?.id),
    entries,
  );
}

function isOpen({ kind, status }: Interrupt): boolean {
  return kind !== "frontend-tool" && status === "pending";
}

/** The questions for a person that a request passes over. */
function openIn(ofRun: readonly Interrupt[], entries: ReadonlyMap<string, ResumeEntry>): readonly string[] {
  return ofRun.filter((one) => isOpen(one) && !entries.has(one.id)).map(({ id }) => id);
}

/** What can no longer be answered can be given up, and again. */
function isGivenUp(ofRun: readonly Interrupt[], entries: ReadonlyMap<string, ResumeEntry>): boolean {
  return ofRun.some(({ id, status }) => (status === "expired" || status === "canceled") && entries.get(id)?.status === "cancelled");
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

/** Only the status decides whether a question is answered: what it carries is handed on as it is, `false` and `null` included. */
function personAnswer({ id, kind }: Interrupt, entry: ResumeEntry): InterruptAnswer {
  const payload = (entry.payload ?? null) as Json;
  if (kind === "tool-approval") return { interruptId: id, answer: decision(entry.status, payload) };
  return { interruptId: id, answer: payload, ...(entry.status === "cancelled" && { isDeclined: true as const }) };
}

/** A decision may be said in short; anything else has to be one as the question asks for it. */
function decision(status: ResumeEntry["status"], payload: Json): Json {
  const reason = isObject(payload) && typeof payload["reason"] === "string" ? { reason: payload["reason"] } : {};
  if (status === "cancelled") return { approved: false, ...reason };
  return payload === null || typeof payload === "boolean" ? { approved: payload ?? true } : payload;
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
