import { ANY, ANY_OBJECT, arrayOf, INSTANT, objectOf, TEXT, type JsonSchema } from "../../core/json-schema.ts";

const FLAG: JsonSchema = { type: "boolean" };
const TEXT_OR_NULL: JsonSchema = { type: ["string", "null"] };
const CALL: JsonSchema = objectOf({ id: TEXT, name: TEXT, args: TEXT });

/** What the routes of CopilotKit's runtime answer with. */
export const COPILOTKIT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  CopilotKitInfo: objectOf({
    version: TEXT,
    mode: { type: "string", const: "sse" },
    agents: {
      type: "object",
      additionalProperties: objectOf({ name: TEXT, description: TEXT, className: TEXT, capabilities: ANY_OBJECT }),
    },
    audioFileTranscriptionEnabled: FLAG,
    threadEndpoints: objectOf({ list: FLAG, inspect: FLAG, mutations: FLAG, realtimeMetadata: FLAG }),
    suggestions: FLAG,
    a2uiEnabled: FLAG,
    openGenerativeUIEnabled: FLAG,
    telemetryDisabled: FLAG,
  }),
  CopilotKitStop: objectOf({ stopped: FLAG }, { message: TEXT, interrupt: objectOf({ type: TEXT, message: TEXT, code: TEXT }) }),
  CopilotKitThread: objectOf({
    id: TEXT,
    name: TEXT_OR_NULL,
    agentId: TEXT,
    organizationId: TEXT,
    createdById: TEXT,
    archived: FLAG,
    createdAt: INSTANT,
    updatedAt: INSTANT,
  }),
  CopilotKitMessage: objectOf({ id: TEXT, role: TEXT }, { content: ANY, toolCalls: arrayOf(CALL), toolCallId: TEXT }),
  CopilotKitFault: objectOf({ error: TEXT }, { message: TEXT, details: TEXT }),
};
