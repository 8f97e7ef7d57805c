import type { ContentPart } from "@ag-ui/core";
import type { JsonObject } from "../../core/json.ts";
import { isPublicUrl } from "../public-url.ts";

type MediaPart = Exclude<ContentPart, { type: "text" }>;

const MEDIA_TYPES: Readonly<Record<MediaPart["type"], string>> = {
  image: "image/*",
  audio: "audio/*",
  video: "video/*",
  document: "application/octet-stream",
};

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+*-]+$/;
const BASE64 = /^[A-Za-z\d+/]+$/;

/**
 * A part of a message as none or one file that a model can be given. What could not be read would fail the run, so it is left out: bytes that are no
 * Base64, an address that the server is not made to read, and a handle of a provider's, which only that provider could read.
 */
export function fileOf({ type, source }: MediaPart): readonly JsonObject[] {
  const mediaType = mediaTypeIn(source.mimeType) ?? MEDIA_TYPES[type];
  if (source.type === "url") return isPublicUrl(source.value) ? [{ type: "file", mediaType, url: source.value }] : [];
  const bytes = source.type === "data" ? base64In(source.value) : undefined;
  return bytes === undefined ? [] : [{ type: "file", mediaType, url: `data:${mediaType};base64,${bytes}` }];
}

/** The type without its parameters; anything else would be read as part of the address that it is written into. */
function mediaTypeIn(mimeType: string | undefined): string | undefined {
  const [type = ""] = (mimeType ?? "").split(";");
  return MEDIA_TYPE.test(type.trim()) ? type.trim() : undefined;
}

/** Base64 of the one spelling that every reader knows: padded, in one line, and not that of URLs. */
function base64In(value: string): string | undefined {
  const digits = value.replaceAll(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/==?$/, "");
  if (digits.length % 4 === 1 || !BASE64.test(digits)) return undefined;
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, "=");
}
