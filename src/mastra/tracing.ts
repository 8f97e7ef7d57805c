import type { TracingOptions } from "@mastra/core/observability";
import type { AttemptContext } from "../core/agent-source.ts";

/** What the spans of an attempt tell of its run, beside what the application has them tell. */
export function tracingOf({ run, rootRunId, attempt }: AttemptContext, given: TracingOptions | undefined): TracingOptions {
  const { id: runId, threadId, resourceId } = run;
  return { ...given, metadata: { ...given?.metadata, runId, rootRunId, threadId, resourceId, attempt } };
}
