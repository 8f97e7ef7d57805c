import { z } from "zod";

/** How a page of a list is asked for: `cursor` is the `nextCursor` of the page before. */
export const pageQuery: z.ZodObject<{
  cursor: z.ZodOptional<z.ZodString>;
  limit: z.ZodDefault<z.ZodCoercedNumber>;
}> = z.object({
  cursor: z.string().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
