import { z } from "zod";
import { ANY, arrayOf, embedded, INSTANT, objectOf, TEXT, type JsonSchema } from "../../core/json-schema.ts";
import { RUN_AGENT_INPUT } from "../ag-ui/run-body.ts";
import { BRIDGE_CODES } from "./errors.ts";
import { forwardedPropsSchema } from "./run.ts";
import { toolResultSchema } from "./tool-result.ts";
import { threadChange, threadCreation } from "./validation.ts";

/** A run without a thread keeps nothing, so the thread may be left out; the rest is AG-UI's. */
const RUN_INPUT: JsonSchema = {
  ...RUN_AGENT_INPUT,
  required: ["runId", "messages"],
  properties: { ...(RUN_AGENT_INPUT["properties"] as JsonSchema), forwardedProps: { anyOf: [forwardedPropsSchema(), { type: "null" }] } },
};

/** What the routes of io-bridge take and give. */
export const BRIDGE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  BridgeRunInput: RUN_INPUT,
  BridgeToolResult: { ...toolResultSchema(), anyOf: [{ required: ["result"] }, { required: ["content"] }, { required: ["error"] }] },
  BridgeThreadCreation: embedded(z.toJSONSchema(threadCreation, { io: "input" })),
  BridgeThreadChange: embedded(z.toJSONSchema(threadChange, { io: "input" })),
  BridgeAgent: objectOf({ id: TEXT, name: TEXT }, { model: objectOf({ provider: TEXT, name: TEXT }) }),
  BridgeThread: objectOf(
    { id: TEXT, resourceId: TEXT, createdAt: INSTANT, updatedAt: INSTANT },
    { title: TEXT, metadata: { type: ["object", "null"], additionalProperties: true } },
  ),
  BridgeMessage: objectOf({ id: TEXT, role: TEXT, content: { ...ANY, description: "The shape is Mastra's." }, createdAt: INSTANT, threadId: TEXT }),
  BridgeError: objectOf({ error: TEXT, code: { type: "string", enum: [...BRIDGE_CODES] } }, { details: arrayOf(objectOf({ path: TEXT, message: TEXT })) }),
};
