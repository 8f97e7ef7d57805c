import { markedStream, type AnswerWatch } from "./marked-stream.ts";
import type { StreamedAnswer, StreamingModel, StreamOptions } from "./streaming-model.ts";

/**
 * The same model, with a marker in its stream where its answer is complete, or where it broke off without an end. Mastra hands
 * the marker on in order, behind everything the model said and before any tool executes, which no chunk of its own does.
 * `onCall` is awaited before the provider is contacted.
 */
export function observedModel<Model extends StreamingModel>(model: Model, onCall: (options: StreamOptions) => Promise<AnswerWatch>): Model {
  const doStream = async (options: StreamOptions): Promise<StreamedAnswer> => {
    const watch = await onCall(options);
    // The marker travels as a raw part, for which Mastra asks the provider for its own raw parts, too: nobody reads those.
    const answer = await model.doStream({ ...options, includeRawChunks: false });
    return { ...answer, stream: markedStream(answer.stream, model, watch) };
  };
  return new Proxy(model, {
    get(target, key) {
      if (key === "doStream") return doStream;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
