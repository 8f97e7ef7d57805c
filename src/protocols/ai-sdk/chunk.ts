import type { FinishReason } from "../../core/event.ts";
import type { Json } from "../../core/json.ts";

/** The major version of `ai` that a deployment's pages use. No request tells it. */
export type AiSdkVersion = 5 | 6 | 7;

/**
 * A chunk of the UI message stream, in the types and fields that every release of a major version accepts: one unknown type,
 * and in early releases one unknown field, ends the stream for the client.
 * See https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol.
 */
export type UiMessageChunk =
  | { readonly type: "start"; readonly messageId: string; readonly messageMetadata: { readonly threadId: string; readonly runId?: string } }
  | { readonly type: "finish"; readonly finishReason?: FinishReason }
  | { readonly type: "abort" }
  | { readonly type: "error"; readonly errorText: string }
  | { readonly type: "start-step" | "finish-step" }
  /** Takes the parts of the open step back. Version 7 only. */
  | { readonly type: "reset-step" }
  | { readonly type: "text-start" | "text-end" | "reasoning-start" | "reasoning-end"; readonly id: string }
  | { readonly type: "text-delta" | "reasoning-delta"; readonly id: string; readonly delta: string }
  | ({ readonly type: "tool-input-start"; readonly toolName: string } & ToolChunk)
  | { readonly type: "tool-input-delta"; readonly toolCallId: string; readonly inputTextDelta: string }
  | ({ readonly type: "tool-input-available"; readonly toolName: string; readonly input: Json } & ToolChunk)
  | ({ readonly type: "tool-input-error"; readonly toolName: string; readonly input: Json; readonly errorText: string } & ToolChunk)
  | ({ readonly type: "tool-output-available"; readonly output: Json } & ToolChunk)
  | ({ readonly type: "tool-output-error"; readonly errorText: string } & ToolChunk)
  /** Versions 6 and 7 only. */
  | { readonly type: "tool-output-denied"; readonly toolCallId: string }
  /** Versions 6 and 7 only. */
  | { readonly type: "tool-approval-request"; readonly approvalId: string; readonly toolCallId: string }
  | { readonly type: "source-url"; readonly sourceId: string; readonly url: string; readonly title?: string }
  | { readonly type: "source-document"; readonly sourceId: string; readonly mediaType: string; readonly title: string; readonly filename?: string }
  | { readonly type: "file"; readonly url: string; readonly mediaType: string }
  | { readonly type: `data-${string}`; readonly id?: string; readonly data: Json; readonly transient?: boolean };

interface ToolChunk {
  readonly toolCallId: string;
  readonly providerExecuted?: boolean;
  readonly dynamic?: boolean;
}

/** Ends the stream; not a chunk, and not counted. */
export const DONE_FRAME = "data: [DONE]\n\n";

/** The one event of a chunk on the wire. */
export function frameOf(chunk: UiMessageChunk): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
