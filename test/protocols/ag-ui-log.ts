import type { ContentEvent, NestedEvent, RunEvent } from "../../src/core/event.ts";
import type { InterruptKind, InterruptRequest } from "../../src/core/interrupt.ts";
import type { Json } from "../../src/core/json.ts";
import { agUiEncoder } from "../../src/protocols/ag-ui/encode.ts";
import type { AgUiChunk, AgUiEncoding } from "../../src/protocols/ag-ui/event.ts";

export const STARTED: RunEvent = { type: "run-started", messageId: "msg", threadId: "thread", agentId: "helper" };
export const STEP: RunEvent = { type: "step-started", step: 0 };
export const COMPLETED: RunEvent = { type: "run-completed" };

/** The chunks of the events alone, behind the beginning of a run. */
export function encoded(events: readonly RunEvent[], encoding: Partial<AgUiEncoding> = {}): readonly AgUiChunk[] {
  const { initial, encode } = agUiEncoder({ runId: "run", generation: "1.0", flavour: "ag-ui", ...encoding });
  let [state] = encode(initial, STARTED);
  return events.flatMap((event) => {
    const [next, chunks] = encode(state, event);
    state = next;
    return chunks;
  });
}

export function typesOf(chunks: readonly AgUiChunk[]): readonly string[] {
  return chunks.map(({ type }) => type);
}

export function said(id: string, text: string): readonly RunEvent[] {
  return [
    { type: "text-start", id },
    { type: "text-delta", id, text },
    { type: "text-end", id },
  ] as const;
}

export function called(toolCallId: string, input: Json = {}): Extract<ContentEvent, { type: "tool-call" }> {
  return { type: "tool-call", toolCallId, toolName: "tides", input };
}

export function gave(toolCallId: string, output: Json): Extract<ContentEvent, { type: "tool-result" }> {
  return { type: "tool-result", toolCallId, toolName: "tides", output };
}

export function nested(toolCallId: string, event: NestedEvent["event"]): NestedEvent {
  return { type: "nested", toolCallId, event };
}

export function asked(kind: InterruptKind, toolCallId: string, more: Partial<InterruptRequest> = {}): InterruptRequest {
  return { id: `int_${toolCallId}`, kind, toolCallId, toolName: "tides", input: { port: "Brest" }, ...more };
}

export function answered(toolCallId: string, answer: Json, more: { readonly isDeclined?: true } = {}): RunEvent {
  return { type: "interrupt-answered", interruptId: `int_${toolCallId}`, kind: "frontend-tool", toolCallId, toolName: "tides", answer, ...more };
}
