import type { Context, Message, ResumeEntry, RunAgentInput, Tool } from "@ag-ui/core";
import { RunAgentInputSchema } from "@ag-ui/core/schemas";
import { HoldfastError } from "../../core/error.ts";
import { isDeeperThan, type Json, type JsonObject } from "../../core/json.ts";
import type { Generation } from "./event.ts";
import { shapeOf } from "./input-shape.ts";

/** A `RunAgentInput` as it was sent, checked. See https://docs.ag-ui.com/concepts/agents. */
export interface AgUiRequest {
  /** Left out only where the prefix allows a run without a conversation. */
  readonly threadId?: string;
  readonly runId: string;
  readonly generation: Generation;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly context: readonly Context[];
  readonly resume: readonly ResumeEntry[];
  readonly forwardedProps: JsonObject;
  /** Left out where the client has none, or an empty one. */
  readonly state?: Json;
  /** What a log should tell of the request although it is served, such as a member that is not known. Never its values. */
  readonly notices: readonly string[];
}

/** What is wrong with a body: where, as `messages.0.content`, and how. Never its values. */
export interface InputFault {
  readonly path: string;
  readonly message: string;
}

export type DecodedRequest = { readonly ok: true; readonly request: AgUiRequest } | { readonly ok: false; readonly faults: readonly InputFault[] };

/** What the schema gives, without its `any`s. */
type Typed = Omit<RunAgentInput, "state" | "forwardedProps"> & { readonly state?: unknown; readonly forwardedProps?: unknown };

const MAX_ID_LENGTH = 255;
const MAX_MESSAGES = 5_000;
const MAX_TOOLS = 200;
const MAX_NAME_LENGTH = 128;
const MAX_LEVELS = 200;
const MAX_NOTICES = 10;

const MEMBERS: ReadonlySet<string> = new Set(Object.keys(RunAgentInputSchema.shape));

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const CONTROLS = new RegExp(CONTROL, "g");

/** Which peer sends a version and which does not; a newer or an unreadable one is served as our own. */
const VERSION = /^(\d+)\.(\d+)$/;

/** Reads the body of a run or of a connect. `needsThread`: whether it must name its conversation; true unless given. */
export function decodeRunAgentInput(body: unknown, options: { readonly needsThread?: boolean } = {}): DecodedRequest {
  if (isDeeperThan(body as Json, MAX_LEVELS)) return fault("", `The body is nested more than ${MAX_LEVELS} levels deep.`);
  if (!isObject(body)) return fault("", "The body is not an object.");
  const hasNoThread = options.needsThread === false && body["threadId"] === undefined;
  // A stand-in, so that one schema does for both.
  const parsed = RunAgentInputSchema.safeParse({ ...shapeOf(body), ...(hasNoThread && { threadId: "-" }) });
  if (!parsed.success) return { ok: false, faults: parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message })) };
  // What came as JSON has no field that is undefined, whatever the schema's type says.
  const { threadId, runId, messages, tools, context, forwardedProps, resume, state, protocolVersion } = parsed.data as Typed;
  const faults = [
    ...idFaults("threadId", threadId),
    ...idFaults("runId", runId),
    ...messages.flatMap(({ id }, index) => idFaults(`messages.${index}.id`, id)),
    ...tooMany("messages", messages.length, MAX_MESSAGES),
    ...tooMany("tools", tools.length, MAX_TOOLS),
    ...tools.flatMap(({ name }, index) => nameFaults(`tools.${index}.name`, name)),
    ...repeatedAnswers(resume ?? []),
  ];
  if (faults.length > 0) return { ok: false, faults };
  const request: AgUiRequest = {
    ...(!hasNoThread && { threadId }),
    runId,
    generation: generationOf(protocolVersion),
    messages,
    tools,
    context,
    resume: resume ?? [],
    forwardedProps: isObject(forwardedProps) ? forwardedProps : {},
    ...(!isEmpty(state) && { state: state as Json }),
    notices: noticesOf(body, protocolVersion),
  };
  return { ok: true, request };
}

/**
 * The same, for callers to whom a fault is an error.
 * @throws {HoldfastError} INPUT_INVALID
 */
export function parseRunAgentInput(body: unknown, options: { readonly needsThread?: boolean } = {}): AgUiRequest {
  const decoded = decodeRunAgentInput(body, options);
  if (decoded.ok) return decoded.request;
  throw new HoldfastError(
    "INPUT_INVALID",
    `The body is not a valid RunAgentInput. ${decoded.faults.map(({ path, message }) => `${path || "(root)"}: ${message}`).join("; ")}.`,
  );
}

/** Clients of AG-UI 1.0 tell their version; the ones before send none. */
function generationOf(protocolVersion: string | undefined): Generation {
  if (protocolVersion === undefined) return "0.0.59";
  return VERSION.exec(protocolVersion)?.[1] === "0" ? "0.0.59" : "1.0";
}

/** Bounded, since a client makes up the names: in their number, and in their length. */
function noticesOf(body: JsonObject, protocolVersion: string | undefined): readonly string[] {
  const unknown = Object.keys(body).filter((name) => !MEMBERS.has(name));
  const named = unknown.slice(0, MAX_NOTICES).map((name) => `the member ${printable(name)} is not known`);
  const rest = unknown.length > MAX_NOTICES ? [`${unknown.length - MAX_NOTICES} more members are not known`] : [];
  return [...named, ...rest, ...versionNotices(protocolVersion)];
}

function versionNotices(protocolVersion: string | undefined): readonly string[] {
  if (protocolVersion === undefined) return [];
  const [, major, minor] = VERSION.exec(protocolVersion) ?? [];
  if (major === undefined) return ["the protocolVersion is not readable"];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) > 0) ? ["the protocolVersion is newer than 1.0"] : [];
}

function printable(name: string): string {
  const text = name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
  return text.toWellFormed().replaceAll(CONTROLS, "\ufffd");
}

function idFaults(path: string, id: string): readonly InputFault[] {
  return isName(id, MAX_ID_LENGTH) ? [] : [{ path, message: `An id has 1 to ${MAX_ID_LENGTH} characters, none of them a control character.` }];
}

function nameFaults(path: string, name: string): readonly InputFault[] {
  if (isName(name, MAX_NAME_LENGTH)) return [];
  return [{ path, message: `The name of a tool has 1 to ${MAX_NAME_LENGTH} characters, none of them a control character.` }];
}

function isName(text: string, maxLength: number): boolean {
  return text.length > 0 && text.length <= maxLength && !CONTROL.test(text) && text.isWellFormed();
}

/** Of two answers to one question, neither is surely the one that was meant. */
function repeatedAnswers(resume: readonly ResumeEntry[]): readonly InputFault[] {
  const firsts = new Map(resume.toReversed().map(({ interruptId }, index) => [interruptId, resume.length - 1 - index]));
  return resume.flatMap(({ interruptId }, index) =>
    firsts.get(interruptId) === index ? [] : [{ path: `resume.${index}.interruptId`, message: "An interrupt is answered by one entry." }],
  );
}

function tooMany(path: string, count: number, most: number): readonly InputFault[] {
  return count > most ? [{ path, message: `There are more than ${most}.` }] : [];
}

function fault(path: string, message: string): DecodedRequest {
  return { ok: false, faults: [{ path, message }] };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What clients send that have no state. */
function isEmpty(state: unknown): boolean {
  return state === undefined || state === null || (isObject(state) && Object.keys(state).length === 0);
}
