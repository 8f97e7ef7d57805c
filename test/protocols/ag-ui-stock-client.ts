import { defaultApplyEvents, enforceEvents, verifyEvents, type AbstractAgent, type AgentSubscriber } from "@ag-ui/client";
import type { BaseEvent, Message, RunAgentInput } from "@ag-ui/core";
import { from, lastValueFrom, toArray } from "rxjs";
import { vi } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { Json } from "../../src/core/json.ts";
import { agUiEncoder, encodeAncestry } from "../../src/protocols/ag-ui/encode.ts";
import type { AgUiChunk, AgUiEncoding, AgUiEvent, AgUiMessage, Generation } from "../../src/protocols/ag-ui/event.ts";
import { snapshotOf } from "../../src/protocols/ag-ui/prelude.ts";
import { applyChunk, emptyReplica, type Replica } from "../../src/protocols/ag-ui/replica.ts";
import type { AgUiState } from "../../src/protocols/ag-ui/state.ts";

/** What a client holds. */
export interface Held {
  readonly messages: readonly AgUiMessage[];
  readonly state: Json;
}

/** The chunks of a log, behind those of the runs that it goes on from. */
export function chunksOf(encoding: AgUiEncoding, log: readonly RunEvent[], start: AgUiState = agUiEncoder(encoding).initial): readonly AgUiChunk[] {
  const { encode } = agUiEncoder(encoding);
  const chunks: AgUiChunk[] = [];
  let state = start;
  for (const event of log) {
    const [next, encoded] = encode(state, event);
    state = next;
    chunks.push(...encoded);
  }
  return chunks;
}

/** Where a run that goes on from others begins. */
export function seeded(encoding: AgUiEncoding, logs: readonly (readonly RunEvent[])[]): { readonly state: AgUiState; readonly replica: Replica } {
  let state = agUiEncoder(encoding).initial;
  let replica = emptyReplica(undefined);
  for (const event of logs.flat()) {
    const [next, chunks] = encodeAncestry(encoding, state, event);
    state = next;
    replica = chunks.reduce(applyChunk, replica);
  }
  return { state, replica };
}

/** The events on the wire, one for each chunk: what the page knows already comes as its result here, as the page would add it. */
export function wireOf(chunks: readonly AgUiChunk[], generation: Generation, start: Replica = emptyReplica(undefined)): readonly AgUiEvent[] {
  let replica = start;
  return chunks.map((chunk): AgUiEvent => {
    replica = applyChunk(replica, chunk);
    if (chunk.type === "RESTATE") return snapshotOf({ generation, history: [], replica });
    if (chunk.type !== "PAGE_RESULT") return chunk;
    const { messageId, toolCallId, content } = chunk;
    return { type: "TOOL_CALL_RESULT", messageId, toolCallId, content, role: "tool" };
  });
}

/**
 * Throws where the stock client would refuse the stream, and where it would warn about it or change it.
 */
export async function mustAccept(wire: readonly AgUiEvent[]): Promise<void> {
  const events = wire.map((event) => JSON.parse(JSON.stringify(event)) as BaseEvent);
  await quietly(async () => {
    const accepted = await lastValueFrom(from(events).pipe(enforceEvents(), verifyEvents(), toArray()));
    if (JSON.stringify(accepted.map(sorted)) !== JSON.stringify(events.map(sorted))) throw new Error("The client changed an event.");
  });
}

/** What the stock client holds before each event and after the last. */
export async function heldAtEach(wire: readonly AgUiEvent[], start: Held = { messages: [], state: {} }): Promise<readonly Held[]> {
  const held: Held[] = [];
  const subscriber: AgentSubscriber = {
    onEvent: ({ messages, state }) => void held.push(structuredClone({ messages, state } as unknown as Held)),
  };
  const input = { threadId: "t", runId: "r", state: start.state, messages: [], tools: [], context: [], forwardedProps: {} } as RunAgentInput;
  const agent = { messages: structuredClone(start.messages) as unknown as Message[], pendingInterrupts: [] } as unknown as AbstractAgent;
  const last: AgUiEvent = { type: "CUSTOM", name: "end", value: 0 };
  const events = [...wire, last].map((event) => JSON.parse(JSON.stringify(event)) as BaseEvent);
  await quietly(async () => {
    await lastValueFrom(defaultApplyEvents(input, from(events), agent, [subscriber]));
  });
  return held;
}

/** Runs it and throws when the client had something to say. */
async function quietly(run: () => Promise<void>): Promise<void> {
  const said: string[] = [];
  const spies = (["warn", "error"] as const).map((level) => vi.spyOn(console, level).mockImplementation((...words) => void said.push(words.join(" "))));
  try {
    await run();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  if (said.length > 0) throw new Error(said.join("\n"));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  );
}

/** Messages without the errors that only snapshots tell. */
export function withoutErrors({ messages, state }: Held): Held {
  return {
    messages: messages.map((message) => {
      if (message.role !== "tool") return message;
      const { error: _error, ...rest } = message;
      return rest;
    }),
    state,
  };
}
