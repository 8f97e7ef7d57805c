/** The part of a language model (specification v2, v3 or v4) that is looked at here. */
export interface StreamingModel {
  readonly provider: string;
  readonly modelId: string;
  doStream(options: StreamOptions): PromiseLike<StreamedAnswer>;
}

export interface StreamOptions {
  readonly includeRawChunks?: boolean;
  readonly prompt?: unknown;
  readonly tools?: unknown;
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
