import type { StreamOptions } from "./streaming-model.ts";

const utf8 = new TextEncoder();

/** Bytes of a prompt and its tools as JSON, in UTF-8; `undefined` where it holds files, whose tokens do not go by their bytes. */
export function promptBytes({ prompt, tools }: StreamOptions): number | undefined {
  let hasFiles = false;
  const text = JSON.stringify([prompt, tools], (_key, value: unknown) => {
    if (typeof value === "object" && value !== null && (value as { readonly type?: unknown }).type === "file") hasFiles = true;
    return hasFiles ? undefined : value;
  });
  return hasFiles ? undefined : utf8.encode(text ?? "").length;
}
