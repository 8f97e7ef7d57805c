import { AGUI_MEDIA_TYPE, encode } from "@ag-ui/proto";
import type { AgUiEvent, Generation } from "./event.ts";

/** How events go over the wire. */
export type Media = "sse" | "protobuf";

export const PROTOBUF_TYPE: string = AGUI_MEDIA_TYPE;

/** How a client may ask for it, the most specific range first. */
const NAMES_OF_PROTOBUF = [PROTOBUF_TYPE, "application/*", "*/*"];

/** Bytes of the length that stands before a message, big-endian. */
const LENGTH_BYTES = 4;

/**
 * What a client is answered in. Clients before 1.0 cannot read all events in binary, so they get text whatever they accept.
 * See https://docs.ag-ui.com/concepts/events and RFC 9110, section 12.5.1.
 */
export function mediaFor(accept: string | undefined, generation: Generation): Media {
  if (accept === undefined || generation !== "1.0") return "sse";
  const ranges = accept.split(",").map((range) => range.split(";").map((part) => part.trim().toLowerCase()));
  // What is said of the type itself counts before what is said of all like it.
  const named = NAMES_OF_PROTOBUF.map((name) => ranges.filter(([type]) => type === name)).find((found) => found.length > 0) ?? [];
  return named.some((range) => !range.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) ? "protobuf" : "sse";
}

/** Writes one event. `cursor`: what the client sends to go on behind it, if anything does; `at`: when it happened, in milliseconds since the Unix epoch. */
export type WriteFrame = (event: AgUiEvent, cursor: string | undefined, at: number) => string | Uint8Array;

/** Server-sent events. The line ends are LF: stock clients find no others. */
export const sseFrame: WriteFrame = (event, cursor, at) => {
  const json = JSON.stringify(event);
  // The timestamp goes in behind the other fields without the event being copied for it.
  return `${cursor === undefined ? "" : `id: ${cursor}\n`}data: ${json.slice(0, -1)},"timestamp":${at}}\n\n`;
};

/** Length-prefixed messages. They have no place for an id, so the cursor travels as metadata. */
export const protobufFrame: WriteFrame = (event, cursor, at) => {
  const metadata = (event as { readonly metadata?: Readonly<Record<string, unknown>> }).metadata;
  const held = metadata?.["holdfast"] as Readonly<Record<string, unknown>> | undefined;
  const marked = cursor === undefined ? metadata : { ...metadata, holdfast: { ...held, cursor } };
  const message = encode({ ...event, timestamp: at, ...(marked && { metadata: marked }) } as Parameters<typeof encode>[0]);
  const frame = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(frame.buffer).setUint32(0, message.length);
  frame.set(message, LENGTH_BYTES);
  return frame;
};
