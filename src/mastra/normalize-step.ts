import { errorText } from "./error-text.ts";
import { finishReasonOf } from "./finish-reason.ts";
import { FINISH_MARKER } from "./model-marker.ts";
import { raw, tripwireItems } from "./normalize-content.ts";
import { fieldsOf, optional, payloadOf, providerMetadataOf, textIn, type Fields } from "./normalize-fields.ts";
import { afterStep, closeOpenParts, closeOwnParts, NOTHING, type NormalizeResult, type NormalizeState } from "./normalize-state.ts";
import { usageOf } from "./usage.ts";

/**
 * A model call begins. Where one of the same step failed and another model, or the same one, is asked again, the step goes on
 * under its number: Mastra counts it once, too.
 */
export function stepStart(state: NormalizeState): NormalizeResult {
  if (state.isStepOpen) return closeOwnParts(state);
  return [{ ...state, isStepOpen: true }, [{ event: { type: "step-started", step: state.step } }]];
}

export function stepFinish(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const stepResult = fieldsOf(payload["stepResult"]);
  const output = fieldsOf(payload["output"]);
  const steps: readonly unknown[] = Array.isArray(output["steps"]) ? output["steps"] : [];
  const [closed, closing] = closeOwnParts(state);
  if (stepResult["reason"] === "retry" && steps.length <= state.countedSteps) return [closed, closing];
  const tripwire = stepResult["reason"] === "tripwire" ? fieldsOf(steps.at(-1))["tripwire"] : undefined;
  const next = { ...afterStep(closed), countedSteps: steps.length };
  return [
    next,
    [
      ...closing,
      ...(tripwire === undefined ? NOTHING : tripwireItems(tripwire)),
      {
        event: {
          type: "step-finished",
          step: state.step,
          ...optional("finishReason", finishReasonOf(stepResult["reason"])),
          ...optional("usage", usageOf(output["usage"])),
          isContinued: stepResult["isContinued"] === true,
        },
      },
    ],
  ];
}

export function finish(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  const [closed, closing] = closeOpenParts(state);
  const finishReason = finishReasonOf(fieldsOf(payload["stepResult"])["reason"]);
  const usage = usageOf(fieldsOf(payload["output"])["usage"]);
  return [closed, [...closing, { signal: "finish", ...optional("finishReason", finishReason), ...optional("usage", usage) }]];
}

export function abort(state: NormalizeState): NormalizeResult {
  const [closed, closing] = closeOpenParts(state);
  return [closed, [...closing, { signal: "abort" }]];
}

/** The payload comes as `{ error }` and as the provider's part `{ type: "error", error }`. */
export function error(state: NormalizeState, chunk: Fields): NormalizeResult {
  const [closed, closing] = closeOpenParts(state);
  return [closed, [...closing, { signal: "error", message: errorText(chunk["payload"] ?? chunk["error"]) }]];
}

/** The marker that the driver put behind the model's answer, or what the provider sent as it was. */
export function rawPart(state: NormalizeState, chunk: Fields): NormalizeResult {
  const payload = payloadOf(chunk);
  if (payload["holdfast"] !== FINISH_MARKER) return state.keepRaw ? raw(state, chunk, "raw") : [state, NOTHING];
  const [closed, closing] = closeOwnParts(state);
  return [
    closed,
    [
      ...closing,
      {
        event: {
          type: "model-finished",
          step: state.step,
          ...optional("call", typeof payload["call"] === "number" ? payload["call"] : undefined),
          ...optional("finishReason", finishReasonOf(payload["finishReason"])),
          ...optional("usage", usageOf(payload["usage"])),
          ...optional("provider", textIn(payload["provider"])),
          ...optional("modelId", textIn(payload["modelId"])),
          ...optional("providerMetadata", providerMetadataOf(payload["providerMetadata"])),
        },
      },
    ],
  ];
}
