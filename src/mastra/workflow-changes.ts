import type { StepFlowEntry } from "@mastra/core/workflows";
import type { WorkflowTranscript } from "../core/workflow-transcript.ts";
import { logIdsOf } from "./workflow-entry.ts";
import { prefixOf } from "./workflow-visits.ts";

/**
 * A step of the workflow that a run, by its log, should have been through and was not: it was put there since. Looks at the workflow's own steps; of
 * what need not have left anything, such as a branch or an empty list, nothing can be said, nor of mappings and pauses, which have no names. A step
 * that stands in several places says only that the run came to the first of them.
 */
export function addedStep(graph: readonly StepFlowEntry[], workflow: WorkflowTranscript | undefined): string | undefined {
  const known = new Set([...(workflow?.steps.values() ?? [])].flatMap((record) => (prefixOf(record) === "" ? [record.stepId] : [])));
  const at = graph.findLastIndex((entry, index) => {
    const before = new Set(graph.slice(0, index).flatMap((earlier) => [...logIdsOf(earlier)]));
    return [...logIdsOf(entry)].some((id) => known.has(id) && !before.has(id));
  });
  return graph
    .slice(0, Math.max(at, 0))
    .flatMap(namesOf)
    .find((id) => !known.has(id));
}

/** The steps that a call lies in, the outermost first; none where the log knows of none. */
export function stepsAround(callId: string, workflow: WorkflowTranscript | undefined): readonly string[] {
  const around = [...(workflow?.steps.values() ?? [])].filter((record) => callId.startsWith(`${record.callId}/`));
  const innermost = around.toSorted((one, other) => other.callId.length - one.callId.length)[0];
  return innermost === undefined ? [] : [...stepsAround(prefixOf(innermost), workflow), innermost.stepId];
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
