import { markedStream } from "./marked-stream.ts";

/** The part of a language model (specification v2, v3 or v4) that is looked at here. */
export interface StreamingModel {
  readonly provider: string;
  readonly modelId: string;
  doStream(options: StreamOptions): PromiseLike<StreamedAnswer>;
}

export interface StreamOptions {
  readonly includeRawChunks?: boolean;
}

export interface StreamedAnswer {
  readonly stream: ReadableStream<StreamPart>;
}

export interface StreamPart {
  readonly [field: string]: unknown;
  readonly type: string;
  readonly finishReason?: unknown;
  readonly usage?: unknown;
  readonly providerMetadata?: unknown;
}

export function isStreamingModel(value: unknown): value is StreamingModel {
  return typeof value === "object" && value !== null && typeof (value as { doStream?: unknown }).doStream === "function";
}

/**
 * The same model, with a marker in its stream where its answer is complete, or where it broke off without an end. Mastra hands
 * the marker on in order, behind everything the model said and before any tool executes, which no chunk of its own does.
 * `onCall` is awaited before the provider is contacted.
 */
export function observedModel<Model extends StreamingModel>(model: Model, onCall: () => Promise<void>): Model {
  const doStream = async (options: StreamOptions): Promise<StreamedAnswer> => {
    await onCall();
    // The marker travels as a raw part, for which Mastra asks the provider for its own raw parts, too: nobody reads those.
    const answer = await model.doStream({ ...options, includeRawChunks: false });
    return { ...answer, stream: markedStream(answer.stream, model) };
  };
  return new Proxy(model, {
    get(target, key) {
      if (key === "doStream") return doStream;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
