import { toJson } from "./json-value.ts";
import { isFields, payloadOf, type Fields } from "./normalize-fields.ts";
import { raw } from "./normalize-content.ts";
import { initialNormalizeState, nestedItems, NOTHING, withEntry, type NestedRuns, type NormalizeResult, type NormalizeState } from "./normalize-state.ts";
import { uniqueToolCallId } from "./normalize-tool.ts";

type Normalize = (state: NormalizeState, chunk: unknown) => NormalizeResult;

/** What a tool writes while it runs: chunks of a sub-agent, or anything else. */
export function toolOutput(state: NormalizeState, chunk: Fields, normalize: Normalize): NormalizeResult {
  const { toolCallId: providerId, output } = payloadOf(chunk);
  if (typeof providerId !== "string") return [state, NOTHING];
  const toolCallId = uniqueToolCallId(state, providerId);
  const inner = innerChunk(output);
  if (inner === undefined) return [state, [{ event: { type: "tool-progress", toolCallId, data: toJson(output) } }]];

  const group: NestedRuns = state.nested.get(providerId) ?? { toolCallId, nextStep: 0, runs: new Map() };
  const runId = inner["runId"] as string;
  const known = group.runs.get(runId);
  const before = nestedState(known, group, toolCallId);
  const [after, items] = normalize(before, inner);
  const wrapped = nestedItems(toolCallId, items);
  if (after === known) return [state, wrapped];
  const nextStep = Math.max(group.nextStep, after.isStepOpen ? after.step + 1 : after.step);
  const changed = { toolCallId, nextStep, runs: withEntry(group.runs, runId, after) };
  return [{ ...state, nested: withEntry(state.nested, providerId, changed) }, wrapped];
}

/** Several agents may run in one tool call: each step number is used by one of them only. */
function nestedState(known: NormalizeState | undefined, group: NestedRuns, toolCallId: string): NormalizeState {
  if (known === undefined) {
    const others = group.runs.size;
    return initialNormalizeState({ firstStep: group.nextStep, idPrefix: others === 0 ? `${toolCallId}/` : `${toolCallId}/${others + 1}/` });
  }
  return known.isStepOpen || known.step >= group.nextStep ? known : { ...known, step: group.nextStep };
}

/** A chunk of an agent, also where a workflow stands between it and the tool. */
function innerChunk(output: unknown): Fields | undefined {
  if (!isChunk(output)) return undefined;
  if (output["type"] !== "workflow-step-output") return output;
  return innerChunk(payloadOf(output)["output"]) ?? output;
}

/** Whether what a tool wrote is a chunk of an agent or a workflow: only those name the run they come from. */
function isChunk(value: unknown): value is Fields {
  return isFields(value) && typeof value["type"] === "string" && typeof value["runId"] === "string" && typeof value["from"] === "string";
}

/** A background task's chunk that stands for one of the tool itself. */
export function backgroundOutput(state: NormalizeState, chunk: Fields, chunkType: string, normalize: Normalize): NormalizeResult {
  const inner = payloadOf(chunk)["payload"];
  return isFields(inner) && inner["type"] === "tool-output" ? normalize(state, inner) : raw(state, chunk, chunkType);
}

/** The state with a change to that of a sub-agent, named by the calls that it runs in; unchanged where nothing of it was read. */
export function withNestedState(
  state: NormalizeState,
  path: readonly { readonly providerId: string; readonly runId: string | undefined }[],
  change: (state: NormalizeState) => NormalizeState,
): NormalizeState {
  const [first, ...rest] = path;
  if (first === undefined) return change(state);
  const group = state.nested.get(first.providerId);
  const inner = first.runId === undefined ? undefined : group?.runs.get(first.runId);
  if (group === undefined || inner === undefined || first.runId === undefined) return state;
  const runs = withEntry(group.runs, first.runId, withNestedState(inner, rest, change));
  return { ...state, nested: withEntry(state.nested, first.providerId, { ...group, runs }) };
}
