import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import type { JsonObject } from "../../core/json.ts";
import { isPublicUrl } from "../public-url.ts";

/** A message as a client sent it; what is taken of it is decided part by part. */
export interface ClientMessage {
  readonly id: string;
  readonly role: "system" | "user" | "assistant";
  readonly parts: readonly ClientPart[];
}

interface ClientPart {
  readonly type: string;
}

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const filePart = z.object({
  type: z.literal("file"),
  mediaType: z.string().min(1).max(255),
  url: z.string().refine(isReadable),
  filename: z.string().max(1_024).optional(),
});

const endedTool = {
  toolCallId: z.string().min(1).max(255),
  toolName: z.string().min(1).max(255).optional(),
  input: z.unknown(),
  providerExecuted: z.boolean().optional(),
};
const outputPart = z.object({ ...endedTool, state: z.literal("output-available"), output: z.unknown() });
const errorPart = z.object({ ...endedTool, state: z.literal("output-error"), errorText: z.string() });
const toolPart = z.discriminatedUnion("state", [outputPart, errorPart]);

/**
 * The message of the user, with its text and its files; other parts belong to the page.
 * @throws {HoldfastError} INPUT_INVALID for a part that is malformed, and when no text and no file is left
 */
export function userMessage(message: ClientMessage, at: string): JsonObject {
  const parts = userParts(message, at);
  if (!parts.some((part) => part.type === "file" || part.text.trim() !== "")) throw invalid(`${at}.parts`, "holds neither text nor a file");
  return { id: message.id, role: "user", parts };
}

/**
 * A message of the conversation so far, as none or one message. Instructions are the agent's own, so system messages are left out;
 * and a tool call counts only with its outcome, since what a client says of a pending one is never acted on.
 * @throws {HoldfastError} INPUT_INVALID for a part of the user's that is malformed
 */
export function historyMessage(message: ClientMessage, at: string): readonly JsonObject[] {
  const { id, role } = message;
  if (role === "system") return [];
  const parts: readonly JsonObject[] = role === "user" ? userParts(message, at) : message.parts.flatMap(answerPart);
  return parts.every((part) => part["type"] === "step-start") ? [] : [{ id, role, parts }];
}

function userParts(message: ClientMessage, at: string): readonly (z.infer<typeof textPart> | z.infer<typeof filePart>)[] {
  return message.parts.flatMap((part, index) => {
    if (part.type !== "text" && part.type !== "file") return [];
    const parsed = (part.type === "text" ? textPart : filePart).safeParse(part);
    if (parsed.success) return [parsed.data];
    throw invalid([`${at}.parts[${index}]`, ...(parsed.error.issues[0]?.path ?? [])].join("."), "is missing or not valid");
  });
}

/** What the server may be made to read: bytes in the message itself, or a public address. */
function isReadable(url: string): boolean {
  return url.startsWith("data:") || isPublicUrl(url);
}

function answerPart(part: ClientPart): readonly JsonObject[] {
  if (part.type === "step-start") return [{ type: "step-start" }];
  if (part.type === "text" || part.type === "file") {
    const parsed = (part.type === "text" ? textPart : filePart).safeParse(part);
    return parsed.success ? [parsed.data] : [];
  }
  if (!part.type.startsWith("tool-") && part.type !== "dynamic-tool") return [];
  const parsed = toolPart.safeParse(part);
  // The body was JSON, so its unknown values are.
  return parsed.success ? [{ type: part.type, ...parsed.data } as JsonObject] : [];
}

function invalid(field: string, problem: string): HoldfastError {
  return new HoldfastError("INPUT_INVALID", `The field ${field} of the body ${problem}.`, { details: { field } });
}

/** Version 5 knows no approvals: a call that asks for one is an open call, and its question a part of its own, as in the stream. */
export function withoutApprovals(message: JsonObject): JsonObject {
  const parts = (message["parts"] ?? []) as readonly JsonObject[];
  return {
    ...message,
    parts: parts.flatMap((part): readonly JsonObject[] => {
      if (part["state"] === "output-denied") return [denied(part)];
      if (part["state"] !== "approval-requested") return [part];
      const { approval, ...call } = part;
      const { id } = approval as JsonObject;
      const { type, toolCallId, input } = call;
      const data = { approvalId: id, toolCallId, toolName: (type as string).replace(/^tool-/, ""), input };
      return [
        { ...call, state: "input-available" },
        { type: "data-approval-request", id, data },
      ];
    }),
  };
}

function denied({ approval, ...call }: JsonObject): JsonObject {
  const { reason } = (approval ?? {}) as JsonObject;
  return { ...call, state: "output-error", errorText: reason ?? "The call was declined." };
}
