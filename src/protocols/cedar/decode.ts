import { z } from "zod";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import { isDeeperThan, type Json, type JsonObject } from "../../core/json.ts";
import { BadRequest } from "./bad-request.ts";
import { idIn } from "./values.ts";

/** A message of the chat, or a call of the model by itself, which has neither context nor ids. */
export interface CedarMessage {
  readonly prompt: string;
  readonly systemPrompt?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly additionalContext?: JsonObject;
  readonly threadId?: string;
  readonly workflowId?: string;
  readonly agentId?: string;
  /** JSON Schema that the answer has to fit. */
  readonly schema?: JsonObject;
  /** What the application sent beside all that. */
  readonly fields: JsonObject;
}

/** An answer to a question of a suspended run. */
export interface CedarResume {
  readonly runId: string;
  /** The names in `stepPath`, which comes as one, as a list, or as a list of lists. */
  readonly path: readonly string[];
  readonly resumeData: Json;
}

const MAX_ID_LENGTH = 255;
const MAX_LEVELS = 200;

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

const id = z
  .string()
  .max(MAX_ID_LENGTH)
  .refine((text) => !CONTROL.test(text) && text.isWellFormed(), "An id has no control characters.")
  .nullish();

/** Clients take these out of a path, so that nothing could be asked of such a thread. */
const PATH_STEPS: ReadonlySet<string | null | undefined> = new Set([".", ".."]);

const object = z.record(z.string(), z.json());

const messageSchema = z.looseObject({
  prompt: z.string(),
  systemPrompt: z.string().nullish(),
  temperature: z.number().nullish(),
  maxTokens: z.number().int().positive().nullish(),
  additionalContext: object.nullish(),
  resourceId: z.string().nullish(),
  threadId: id.refine((text) => !PATH_STEPS.has(text), "A thread id is more than dots."),
  workflowId: id,
  agentId: id,
  schema: object.nullish(),
});

const name = z.string().min(1).max(MAX_ID_LENGTH);

const resumeSchema = z.looseObject({
  runId: name,
  stepPath: z.union([name, z.array(name).min(1), z.array(z.array(name).min(1)).min(1)], "Give the stepPath that came with the question."),
  resumeData: z.json(),
});

/** The body of a message, as a schema. */
export function messageBodySchema(): JsonSchema {
  return embedded(z.toJSONSchema(messageSchema, { io: "input" }));
}

/** The body of an answer, as a schema. */
export function resumeBodySchema(): JsonSchema {
  return embedded(z.toJSONSchema(resumeSchema, { io: "input" }));
}

/** The fields of a message that are no custom ones. */
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(messageSchema.shape), "schemaName", "schemaDescription", "stream"]);

/** Whether a body is a message of Cedar's. A list of messages is the AI SDK's, whatever stands beside it. */
export function isCedarMessage(body: string): boolean {
  try {
    const parsed = JSON.parse(body) as Json;
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) && typeofField(parsed, "prompt") === "string" && !hasMessages(parsed);
  } catch {
    return false;
  }
}

/** @throws {BadRequest} */
export function decodeMessage(body: string): CedarMessage {
  const read = parse(messageSchema, body);
  const workflowId = idIn(read.workflowId);
  const agentId = idIn(read.agentId);
  if (workflowId !== undefined && agentId !== undefined) throw new BadRequest([{ path: "workflowId", message: "Name a workflow or an agent, not both." }]);
  const threadId = idIn(read.threadId);
  const { systemPrompt, temperature, maxTokens, additionalContext, schema } = read;
  return {
    prompt: read.prompt,
    ...(systemPrompt && { systemPrompt }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof maxTokens === "number" && { maxTokens }),
    ...(additionalContext && { additionalContext }),
    ...(threadId !== undefined && { threadId }),
    ...(workflowId !== undefined && { workflowId }),
    ...(agentId !== undefined && { agentId }),
    ...(schema && isJsonSchema(schema) && { schema }),
    fields: Object.fromEntries(Object.entries(read).filter(([field]) => !KNOWN.has(field))) as JsonObject,
  };
}

/** @throws {BadRequest} */
export function decodeResume(body: string): CedarResume {
  const { runId, stepPath, resumeData } = parse(resumeSchema, body);
  // The question's own names come first; where there are several lists, each names a question, and the first is meant.
  const [first] = typeof stepPath === "string" ? [stepPath] : stepPath;
  return { runId, path: typeof stepPath === "string" ? [stepPath] : typeof first === "string" ? (stepPath as string[]) : (first ?? []), resumeData };
}

function parse<Schema extends z.ZodType>(schema: Schema, body: string): z.output<Schema> {
  const value = parseJson(body);
  if (isDeeperThan(value, MAX_LEVELS)) throw new BadRequest([{ path: "", message: `The body is nested more than ${MAX_LEVELS} levels deep.` }]);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BadRequest(result.error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message })));
}

function parseJson(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    throw new BadRequest([{ path: "", message: "The body is not JSON." }]);
  }
}

/** A schema of zod's becomes something that describes nothing when it is sent as JSON; that of zod 4 has a `type` then, like a JSON Schema. */
function isJsonSchema(schema: JsonObject): boolean {
  const isOfZod = schema["_def"] !== undefined || schema["def"] !== undefined;
  return !isOfZod && ["type", "properties", "$ref", "anyOf", "oneOf", "allOf", "enum"].some((field) => schema[field] !== undefined);
}

function typeofField(value: object, field: string): string {
  return typeof (value as Readonly<Record<string, unknown>>)[field];
}

function hasMessages(value: object): boolean {
  return Array.isArray((value as { readonly messages?: unknown }).messages);
}
