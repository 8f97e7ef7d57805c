import { z } from "zod";
import type { Json } from "../core/json.ts";

/** What a thread may be changed by. */
export const threadChange: z.ZodType<{ title?: string | undefined; metadata?: Record<string, Json> | undefined }> = z
  .strictObject({ title: z.string().max(1_000).optional(), metadata: z.record(z.string(), z.json()).optional() })
  .refine((change) => change.title !== undefined || change.metadata !== undefined, "give a title or metadata");
