import type { StepFlowEntry } from "@mastra/core/workflows";
import type { WorkflowTranscript } from "../core/workflow-transcript.ts";
import { logIdsOf } from "./workflow-entry.ts";
import { prefixOf } from "./workflow-visits.ts";

/**
 * A step of the workflow that a run, by its log, should have been through and was not: it was put there since. Looks at the workflow's own steps; of
 * what need not have left anything, such as a branch or an empty list, nothing can be said, nor of mappings and pauses, which have no names.
 */
export function addedStep(graph: readonly StepFlowEntry[], workflow: WorkflowTranscript | undefined): string | undefined {
  const known = new Set([...(workflow?.steps.values() ?? [])].flatMap((record) => (prefixOf(record) === "" ? [record.stepId] : [])));
  const at = graph.findLastIndex((entry) => namesOf(entry).some((id) => known.has(id)));
  return graph
    .slice(0, Math.max(at, 0))
    .flatMap(namesOf)
    .find((id) => !known.has(id));
}

function namesOf(entry: StepFlowEntry): readonly string[] {
  switch (entry.type) {
    case "conditional":
    case "foreach":
    case "mapping":
    case "sleep":
    case "sleepUntil":
      return [];
    default:
      return [...logIdsOf(entry)];
  }
}
