import type { Offset } from "../../core/offset.ts";

/** What the read side of the protocol needs of a stream; a run's log is one, see `run-stream.ts`. */
export interface StreamReader {
  /** Names the stream in entity tags; unique among all streams of the server. */
  readonly id: string;
  readonly format: StreamFormat;
  /** Where the stream ends at this moment. Once it is closed, nothing follows its tail, ever. */
  head(): Promise<StreamHead>;
  /**
   * Gives what stands strictly after an offset, then what is appended. Ends after a closed batch, or when `signal` is aborted.
   * Never called at the tail of a closed stream, where nothing can come.
   */
  follow(after: Offset, signal: AbortSignal): AsyncIterable<StreamBatch>;
}

export interface StreamHead {
  /** Offset of the newest entry; the offset to read after in order to get only what comes later. */
  readonly tail: Offset;
  readonly isClosed: boolean;
}

export interface StreamBatch {
  readonly messages: readonly StreamMessage[];
  /** The offset behind the batch, which is the one to read after next. */
  readonly next: Offset;
  /** Nothing follows this batch, ever. */
  readonly isClosed: boolean;
}

export interface StreamMessage {
  readonly offset: Offset;
  /** The message as text, encoded the way its stream's format joins it. */
  readonly content: string;
}

/** How the messages of a stream become a body, by content type. */
export interface StreamFormat {
  readonly contentType: string;
  /** Headers that only a reply with server-sent events has. */
  readonly eventStreamHeaders?: Readonly<Record<string, string>>;
  /** The body of a reply that holds these messages; also asked for none. */
  body(contents: readonly string[]): string | Uint8Array<ArrayBuffer>;
  /** The payload of a `data` event that holds these messages, at least one. */
  eventData(contents: readonly string[]): string;
}

function jsonArray(contents: readonly string[]): string {
  return `[${contents.join(",")}]`;
}

/** A JSON stream: every content is the text of one JSON value, and a reply is their array. */
export const jsonFormat: StreamFormat = { contentType: "application/json", body: jsonArray, eventData: jsonArray };
