import type { JsonObject } from "../../core/json.ts";

/**
 * What a client of Cedar is told. `object`: a typed object for one of its processors. `notice`: one that is of use only while the run is at
 * work, and is left out where the client waits for the whole answer.
 */
export type CedarFrame = { readonly kind: "text"; readonly text: string } | { readonly kind: "object" | "notice"; readonly object: JsonObject };

/** The last frame of a stream. It goes out in a write of its own, since the stock client puts off what it finds behind it. */
export const DONE_FRAME = "event: done\ndata:\n\n";

/** A frame as a server-sent event. The line ends are LF: the stock client finds no others. `cursor`: what a client sends to go on behind it. */
export function frameText(frame: CedarFrame, cursor?: string): string {
  const data = frame.kind === "text" ? { content: frame.text } : frame.object;
  return `${cursor === undefined ? "" : `id: ${cursor}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** The stock client turns a backslash and an `n` in one frame into a new line, so they go in two. */
export function textFrames(text: string): readonly CedarFrame[] {
  return text === "" ? [] : text.split(/(?<=\\)(?=n)/).map((piece): CedarFrame => ({ kind: "text", text: piece }));
}

/** The line that says what the run is doing; `in_progress` is written over by the next one. */
export function progressUpdate(state: "in_progress" | "complete" | "error", text: string): JsonObject {
  return { type: "progress_update", state, text };
}
