import type { NestedEvent } from "../../core/event.ts";
import type { Json, JsonObject } from "../../core/json.ts";

/**
 * What a page needs of a sub-agent's event: `{ toolCallId, event }`. Bytes of files and what belongs to providers stay out, since
 * the answer of the sub-agent arrives with the tool's own output; `undefined` for an event that no page shows.
 */
export function nestedData(nested: NestedEvent): JsonObject | undefined {
  const event = compact(nested.event);
  return event === undefined ? undefined : { toolCallId: nested.toolCallId, event };
}

function compact(event: NestedEvent["event"]): JsonObject | undefined {
  switch (event.type) {
    case "nested": {
      const inner = nestedData(event);
      return inner === undefined ? undefined : { type: "nested", ...inner };
    }
    case "raw":
    case "custom":
    case "tool-started":
    case "tool-interrupted":
    case "model-called":
    case "model-finished":
    case "workflow-step-started":
    case "workflow-step-finished":
      return undefined;
    case "file":
      return { type: "file", mediaType: event.mediaType };
    case "step-started":
    case "step-finished":
      return { type: event.type, step: event.step };
    default: {
      const { providerMetadata: _ofProvider, ...fields } = event as typeof event & { readonly providerMetadata?: Json };
      return fields;
    }
  }
}
