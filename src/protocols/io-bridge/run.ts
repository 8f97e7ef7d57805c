import { z } from "zod";
import { isDeeperThan, type Json, type JsonObject } from "../../core/json.ts";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import { answerRun, type Client } from "../ag-ui/attach.ts";
import { decodeRunAgentInput, type AgUiRequest } from "../ag-ui/decode.ts";
import { mediaFor, PROTOBUF_TYPE } from "../ag-ui/frame.ts";
import type { RunExtras } from "../ag-ui/take-request.ts";
import type { Bridge, BridgeRequest } from "./bridge.ts";
import { actingFor } from "./identity.ts";
import { invalidInput, jsonBody, parsedJson, validated } from "./validation.ts";

/** The agent of requests that name none. */
const DEFAULT_AGENT = "io-agent";
/** How long a call of a browser tool holds its stream open, in milliseconds, where a request does not say. */
const DEFAULT_HOLD_MS = 300_000;
/** 24 h. */
const MAX_HOLD_MS = 86_400_000;

// An id of a thread that nobody kept must find nothing either, in whatever the agent's memory searches.
const NO_MEMORY: JsonObject = { readOnly: true, lastMessages: false, semanticRecall: false, workingMemory: { enabled: false } };

const jsonObject = z.record(z.string(), z.json());

/** The application's fields of a run. `twoRun` and `toolTimeoutMs` are Holdfast's own. */
const forwardedProps = z.looseObject({
  agentId: z.string().min(1).optional(),
  resourceId: z.string().min(1).optional(),
  memoryOptions: jsonObject.optional(),
  structuredOutput: z.union([jsonObject, z.string()]).optional(),
  twoRun: z.boolean().optional(),
  toolTimeoutMs: z.int().positive().max(MAX_HOLD_MS).optional(),
});

const forwarding = z.object({ forwardedProps: forwardedProps.nullish() });

type ForwardedProps = z.output<typeof forwardedProps>;

/** The application's fields of a run, as a schema. */
export function forwardedPropsSchema(): JsonSchema {
  return embedded(z.toJSONSchema(forwardedProps, { io: "input" }));
}

/** `POST /run`: starts a run, or answers one, and streams its events. */
export async function postRun({ engine }: Bridge, request: BridgeRequest): Promise<Response> {
  const body = await jsonBody(request);
  const input = runInputIn(body);
  const props: ForwardedProps = validated(forwarding, body).forwardedProps ?? {};
  const extras = extrasOf(props, input.threadId === undefined);
  const principal = actingFor(request.principal, props.resourceId);
  const { generation, threadId } = input;
  const client: Client = { engine, principal, generation, media: mediaOf(request, input), flavour: "io-bridge" };
  const agent = await engine.resolveAgent(principal, props.agentId ?? DEFAULT_AGENT);
  // Without a thread there is no history but the one that the client sends.
  const remembering = { ...agent, hasMemory: agent.hasMemory && threadId !== undefined };
  return answerRun(client, remembering, input, request.headers.get("last-event-id") ?? undefined, extras);
}

function runInputIn(body: unknown): AgUiRequest {
  const decoded = decodeRunAgentInput(body, { needsThread: false });
  if (!decoded.ok) throw invalidInput(decoded.faults);
  return decoded.request;
}

function extrasOf({ twoRun, toolTimeoutMs, memoryOptions, structuredOutput }: ForwardedProps, isStateless: boolean): RunExtras {
  const outputSchema = structuredOutput === undefined ? undefined : schemaIn(structuredOutput);
  const memory = isStateless ? NO_MEMORY : (memoryOptions as JsonObject | undefined);
  return {
    ...(twoRun !== true && { holdMs: toolTimeoutMs ?? DEFAULT_HOLD_MS }),
    ...(outputSchema && { outputSchema }),
    ...(memory && { memoryOptions: memory }),
  };
}

/** @throws {HoldfastError} INPUT_INVALID */
function schemaIn(given: JsonObject | string): JsonObject {
  const path = "forwardedProps.structuredOutput";
  const schema: Json = typeof given === "string" ? parsedJson(given, path) : given;
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) throw invalidInput([{ path, message: "is not a JSON Schema object" }]);
  if (isDeeperThan(schema, 200)) throw invalidInput([{ path, message: "is nested too deep" }]);
  return schema as JsonObject;
}

/** Clients of this prefix expect text, so binary has to be asked for by its name. */
function mediaOf({ headers }: BridgeRequest, { generation }: AgUiRequest): Client["media"] {
  const accept = headers.get("accept") ?? "";
  return accept.includes(PROTOBUF_TYPE) ? mediaFor(accept, generation) : "sse";
}
