import { jsonFormat, type StreamFormat } from "../../src/protocols/durable-streams/stream-reader.ts";

/** What arrived cannot be written to a stream of this type. */
export class BadContent extends Error {}

/** A content type that streams of the shim can have: how it is written, and how the product's read side joins it. */
export interface ShimFormat extends StreamFormat {
  /**
   * The contents of the messages that a body holds.
   * @throws {BadContent}
   */
  split(body: Uint8Array<ArrayBuffer>): readonly string[];
}

/** The format of a content type: JSON, text or bytes. */
export function formatOf(contentType: string): ShimFormat {
  const type = mediaType(contentType);
  if (type === "application/json") return { ...jsonFormat, contentType, split: jsonValues };
  if (type.startsWith("text/")) return { contentType, split: asText, body: joined, eventData: joined };
  return {
    contentType,
    split: asBase64,
    body: bytesOf,
    eventData: (contents) => base64Of(bytesOf(contents)),
    eventStreamHeaders: { "Stream-SSE-Data-Encoding": "base64" },
  };
}

/** A content type without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return contentType.split(";")[0]?.trim().toLowerCase() ?? "";
}

/** Section 9.1.2: one level of an array is taken apart into messages. */
function jsonValues(body: Uint8Array): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new BadContent("The body is not JSON.");
  }
  return (Array.isArray(value) ? value : [value]).map((message) => JSON.stringify(message));
}

function asText(body: Uint8Array): readonly string[] {
  return body.length === 0 ? [] : [new TextDecoder().decode(body)];
}

function joined(contents: readonly string[]): string {
  return contents.join("");
}

function asBase64(body: Uint8Array): readonly string[] {
  return body.length === 0 ? [] : [base64Of(body)];
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function bytesOf(contents: readonly string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(contents.map((content) => Buffer.from(content, "base64"))));
}
