import type { ContentEvent, ProviderMetadata } from "../../core/event.ts";
import type { AgUiEvent } from "./event.ts";
import { agentAt, beginSegment, NO_CHUNKS, owned, withAgent, withShown, type Agent, type AgUiState, type Encoded, type OpenText } from "./state.ts";

export type TextEvent = Extract<ContentEvent, { id: string; type: `text-${string}` | `reasoning-${string}` }>;

/** Encodes what an agent writes and thinks. A delta without a beginning is left out: an orphan ends the run for a client. */
export function encodeText(state: AgUiState, key: string, event: TextEvent): Encoded {
  const agent = agentAt(state, key);
  const kind = event.type.startsWith("text") ? "text" : "reasoning";
  const open = agent.texts.find((text) => text.id === event.id && text.kind === kind);
  switch (event.type) {
    case "text-start":
      return open === undefined ? [withText(state, agent, { kind: "text", id: event.id }), NO_CHUNKS] : [state, NO_CHUNKS];
    case "reasoning-start":
      return open === undefined ? startReasoning(state, agent, event.id, event.providerMetadata) : [state, NO_CHUNKS];
    case "text-delta":
    case "reasoning-delta":
      return open === undefined || event.text === "" ? [state, NO_CHUNKS] : addDelta(state, agent, open, event.text);
    case "text-end":
    case "reasoning-end":
      if (open === undefined) return [state, NO_CHUNKS];
      return [
        withAgent(state, { ...agent, texts: agent.texts.filter((text) => text !== open) }),
        endText(agent, open, event.type === "reasoning-end" ? event.providerMetadata : undefined),
      ];
  }
}

/** Ends the messages that an agent has open. */
export function closeTexts(state: AgUiState, key: string): Encoded {
  const agent = agentAt(state, key);
  if (agent.texts.length === 0) return [state, NO_CHUNKS];
  return [withAgent(state, { ...agent, texts: [] }), agent.texts.flatMap((text) => endText(agent, text, undefined))];
}

function withText(state: AgUiState, agent: Agent, text: OpenText): AgUiState {
  return withAgent(state, { ...agent, texts: [...agent.texts, text] });
}

/** A message begins with its first text: an empty one would stay in the client's history. */
function addDelta(state: AgUiState, agent: Agent, open: OpenText, delta: string): Encoded {
  const tag = owned(agent);
  const { messageId } = open;
  if (open.kind === "reasoning" && messageId !== undefined) return [state, [{ type: "REASONING_MESSAGE_CONTENT", messageId, delta, ...tag }]];
  if (messageId !== undefined) return [state, [{ type: "TEXT_MESSAGE_CONTENT", messageId, delta, ...tag }]];
  const [begun, segment] = beginSegment(state, agent.key);
  const current = agentAt(begun, agent.key);
  const texts = current.texts.map((text) => (text.id === open.id && text.kind === open.kind ? { ...text, messageId: segment } : text));
  return [
    withAgent(begun, { ...current, texts }),
    [
      { type: "TEXT_MESSAGE_START", messageId: segment, role: "assistant", ...tag },
      { type: "TEXT_MESSAGE_CONTENT", messageId: segment, delta, ...tag },
    ],
  ];
}

function startReasoning(state: AgUiState, agent: Agent, id: string, metadata: ProviderMetadata | undefined): Encoded {
  const messageId = `${agent.runId ?? state.messageId}:r${agent.reasonings}`;
  const next = withText(
    state,
    { ...agent, reasonings: agent.reasonings + 1 },
    { kind: "reasoning", id, messageId, ...(metadata && { sealedIn: JSON.stringify(metadata) }) },
  );
  const tag = owned(agent);
  return [
    withShown(next, messageId),
    [
      { type: "REASONING_START", messageId, ...tag },
      { type: "REASONING_MESSAGE_START", messageId, role: "reasoning", ...tag },
      ...sealed(agent, messageId, metadata),
    ],
  ];
}

function endText(agent: Agent, { kind, messageId, sealedIn }: OpenText, metadata: ProviderMetadata | undefined): readonly AgUiEvent[] {
  if (messageId === undefined) return [];
  const tag = owned(agent);
  if (kind === "text") return [{ type: "TEXT_MESSAGE_END", messageId, ...tag }];
  return [{ type: "REASONING_MESSAGE_END", messageId, ...tag }, ...sealed(agent, messageId, metadata, sealedIn), { type: "REASONING_END", messageId, ...tag }];
}

/** `sent`: what the client has already. */
function sealed(agent: Agent, entityId: string, metadata: ProviderMetadata | undefined, sent?: string): readonly AgUiEvent[] {
  const encryptedValue = metadata && JSON.stringify(metadata);
  if (encryptedValue === undefined || encryptedValue === sent) return [];
  return [{ type: "REASONING_ENCRYPTED_VALUE", subtype: "message", entityId, encryptedValue, ...owned(agent) }];
}
