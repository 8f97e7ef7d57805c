import { z } from "zod";
import { USAGE_GROUPS } from "../core/usage-report.ts";

/** The last time that a Date holds, in milliseconds since the Unix epoch. */
const LAST_TIME = 8.64e15;

// A time without a zone would mean another instant on every machine.
const isoInstant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** A time as a query or a flag gives it: ISO 8601, where a date is its midnight in UTC, or milliseconds since the Unix epoch. */
export const timeText: z.ZodType<number, string> = z.string().transform((text, context) => {
  const at = /^\d{1,16}$/.test(text) ? Number(text) : isoInstant.safeParse(text).success ? Date.parse(text) : Number.NaN;
  if (at <= LAST_TIME) return at;
  context.addIssue({ code: "custom", message: "is neither ISO 8601 with a time zone, nor a date, nor milliseconds since the Unix epoch" });
  return z.NEVER;
});

/** How a report is asked for: the runs that ended from `from` on and before `to`. */
export const usageQuery: z.ZodType<{ from?: number | undefined; to?: number | undefined; groupBy: (typeof USAGE_GROUPS)[number] }> = z
  .object({
    from: timeText.optional(),
    to: timeText.optional(),
    groupBy: z.enum(USAGE_GROUPS).default("resource"),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, "from is later than to");
