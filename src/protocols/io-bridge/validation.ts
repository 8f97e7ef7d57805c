import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import { isDeeperThan, type Json } from "../../core/json.ts";
import type { BridgeRequest } from "./bridge.ts";

/** What is wrong with a request: where, as `metadata.colour`, and how. Never its values. */
export interface InputFault {
  readonly path: string;
  readonly message: string;
}

// Far more than metadata or a tool's answer has, and far less than a stack bears.
const MAX_LEVELS = 200;

const filled: z.ZodString = z.string().refine((text) => text.trim() !== "", "must not be empty");
const jsonObject = z.record(z.string(), z.json());
const count = z.string().regex(/^\d+$/, "must be a whole number").transform(Number);

export const agentPath: z.ZodObject<{ agentId: typeof filled }> = z.object({ agentId: filled });
export const threadPath: z.ZodObject<{ threadId: typeof filled }> = z.object({ threadId: filled });
export const toolCallPath: z.ZodObject<{ runId: typeof filled; toolCallId: typeof filled }> = z.object({ runId: filled, toolCallId: filled });

export interface ThreadCreation {
  readonly resourceId: string;
  readonly title?: string | undefined;
  readonly metadata?: Record<string, Json> | undefined;
  readonly agentId?: string | undefined;
}

/** `agentId` is Holdfast's own: whose memory the thread is kept in. */
export const threadCreation: z.ZodType<ThreadCreation> = z.object({
  resourceId: filled,
  title: z.string().optional(),
  metadata: jsonObject.optional(),
  agentId: filled.optional(),
});

export const threadChange: z.ZodType<Pick<ThreadCreation, "title" | "metadata">> = z.object({
  title: z.string().optional(),
  metadata: jsonObject.optional(),
});

export const threadListing: z.ZodType<{ readonly resourceId: string; readonly agentId?: string | undefined }> = z.object({
  resourceId: filled,
  agentId: z.string().optional(),
});

/** `offset` counts pages, not rows. */
export const messagePage: z.ZodType<{ readonly limit?: number | undefined; readonly offset?: number | undefined }> = z.object({
  limit: count.pipe(z.int().positive()).optional(),
  offset: count.pipe(z.int()).optional(),
});

/** The owner that a query may name. */
export const ownerQuery: z.ZodType<{ readonly resourceId?: string | undefined }> = z.object({ resourceId: filled.optional() });

/**
 * Checks a value that came from outside against its schema.
 * @throws {HoldfastError} INPUT_INVALID, its details by path
 */
export function validated<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidInput(result.error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message })));
}

/**
 * Reads a request's body as JSON, whatever its content type says.
 * @throws {HoldfastError} INPUT_INVALID
 */
export async function jsonBody(request: BridgeRequest, whenEmpty?: unknown): Promise<unknown> {
  const text = await request.readBody();
  if (whenEmpty !== undefined && text.trim() === "") return whenEmpty;
  const body = parsedJson(text, "");
  if (isDeeperThan(body, MAX_LEVELS)) throw invalidInput([{ path: "", message: `is nested more than ${MAX_LEVELS} levels deep` }]);
  return body;
}

/** @throws {HoldfastError} INPUT_INVALID */
export function parsedJson(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw invalidInput([{ path, message: "is not JSON" }]);
  }
}

/** The details of the error name every fault by its path. */
export function invalidInput(faults: readonly InputFault[]): HoldfastError {
  const details: Record<string, string> = {};
  for (const { path, message } of faults) details[path] = details[path] === undefined ? message : `${details[path]}; ${message}`;
  const words = Object.entries(details).map(([path, message]) => (path === "" ? `the body ${message}` : `${path}: ${message}`));
  return new HoldfastError("INPUT_INVALID", `The request is not valid. ${words.join("; ")}.`, { details });
}
