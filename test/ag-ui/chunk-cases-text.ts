import { chunk } from "../mastra/chunk-fold.ts";
import { answer, said, type ChunkCase } from "./chunk-script.ts";

const SIGNATURE = "c2lnbmVk";

function thought(...chunks: readonly (readonly [type: string, payload: object])[]): ReturnType<typeof answer> {
  return answer(...chunks.map(([type, payload]) => chunk(type, { id: "r", ...payload })), ...said("At five."));
}

/** What a model writes and thinks. */
export const TEXT_CASES: readonly ChunkCase[] = [
  { name: "text", types: ["start", "step-start", "text-start", "text-delta", "text-end", "step-finish", "finish"], chunks: answer(...said("At ", "five.")) },
  { name: "text-empty", types: ["text-delta"], chunks: answer(...said(""), ...said("", "At five.")) },
  {
    name: "text-interleaved",
    types: ["text-start", "text-delta", "text-end"],
    chunks: answer(
      chunk("text-start", { id: "1" }),
      chunk("text-delta", { id: "1", text: "At " }),
      chunk("text-start", { id: "2" }),
      chunk("text-delta", { id: "2", text: "Low water " }),
      chunk("text-delta", { id: "1", text: "five." }),
      chunk("text-end", { id: "1", type: "text-end" }),
      chunk("text-delta", { id: "2", text: "at noon." }),
      chunk("text-end", { id: "2", type: "text-end" }),
    ),
  },
  {
    name: "reasoning",
    types: ["reasoning-start", "reasoning-delta", "reasoning-end"],
    chunks: thought(["reasoning-start", {}], ["reasoning-delta", { text: "High water " }], ["reasoning-delta", { text: "is at six." }], ["reasoning-end", {}]),
  },
  {
    name: "reasoning-signed-at-start",
    types: ["reasoning-start"],
    chunks: thought(["reasoning-start", { signature: SIGNATURE }], ["reasoning-delta", { text: "Hm." }], ["reasoning-end", {}]),
  },
  {
    name: "reasoning-signed-at-end",
    types: ["reasoning-end"],
    chunks: thought(["reasoning-start", {}], ["reasoning-delta", { text: "Hm." }], ["reasoning-end", { signature: SIGNATURE }]),
  },
  {
    name: "reasoning-signature",
    types: ["reasoning-signature"],
    chunks: thought(["reasoning-start", {}], ["reasoning-delta", { text: "Hm." }], ["reasoning-signature", { signature: SIGNATURE }], ["reasoning-end", {}]),
  },
  {
    name: "reasoning-signature-late",
    types: ["reasoning-signature"],
    chunks: thought(["reasoning-start", {}], ["reasoning-delta", { text: "Hm." }], ["reasoning-end", {}], ["reasoning-signature", { signature: SIGNATURE }]),
  },
  { name: "redacted-reasoning", types: ["redacted-reasoning"], chunks: thought(["redacted-reasoning", { data: "c2VjcmV0" }]) },
];

/** Structured output comes beside the text that it is read from. */
function structured(): ReturnType<typeof answer> {
  const [begin, ...rest] = said('{"at":', '"05:12"}');
  const object = (type: string, value: object): object => ({ type, runId: "r1", from: "AGENT", object: value });
  return answer(begin ?? {}, { ...object("object", {}) }, ...rest, { ...object("object", { at: "05:12" }) }, { ...object("object-result", { at: "05:12" }) });
}

/** What an answer holds beside its text. */
export const CONTENT_CASES: readonly ChunkCase[] = [
  {
    name: "source",
    types: ["source"],
    chunks: answer(
      chunk("source", {
        id: "s1",
        sourceType: "url",
        url: "https://tides.example/brest",
        title: "Tides of Brest",
        providerMetadata: { scripted: { rank: 1 } },
      }),
      chunk("source", { id: "s2", sourceType: "document", title: "Almanac", mimeType: "application/pdf", filename: "almanac.pdf" }),
      ...said("At five."),
    ),
  },
  {
    name: "file",
    types: ["file"],
    chunks: answer(
      chunk("file", { data: "iVBORw0KGgo=", base64: "iVBORw0KGgo=", mimeType: "image/png", filename: "chart.png" }),
      chunk("file", { data: new Uint8Array([137, 80, 78, 71]), mimeType: "image/png" }),
      chunk("file", { data: "https://tides.example/chart.png", mimeType: "image/png" }),
      ...said("Here."),
    ),
  },
  {
    name: "reasoning-file",
    types: ["reasoning-file"],
    chunks: answer(chunk("reasoning-file", { data: "iVBORw0KGgo=", mimeType: "image/png" }), ...said("Here.")),
  },
  {
    name: "custom",
    types: ["custom"],
    chunks: answer(chunk("custom", { kind: "scripted.compaction", providerMetadata: { scripted: { blob: "c2VjcmV0" } } }), ...said("At five.")),
  },
  {
    name: "data",
    types: ["data-*"],
    chunks: answer(
      { type: "data-weather", id: "w", data: { wind: 4 } },
      { type: "data-weather", id: "w", data: { wind: 5 } },
      { type: "data-progress", data: 0.5, transient: true },
      ...said("At five."),
    ),
  },
  { name: "object", types: ["object", "object-result"], chunks: structured() },
  {
    name: "step-output",
    types: ["step-output"],
    chunks: answer(
      chunk("step-output", { output: { type: "text-delta", runId: "p1", from: "AGENT", payload: { id: "p", text: "rated" } } }),
      ...said("At five."),
    ),
  },
  {
    name: "is-task-complete",
    types: ["is-task-complete"],
    chunks: answer(
      ...said("At five."),
      chunk("is-task-complete", {
        iteration: 1,
        passed: true,
        results: [{ score: 1, passed: true, reason: "Says when.", scorerId: "when", scorerName: "When", duration: 12 }],
        duration: 12,
        timedOut: false,
        reason: "Says when.",
        maxIterationReached: false,
        suppressFeedback: false,
      }),
    ),
  },
  {
    name: "goal",
    types: ["goal"],
    chunks: answer(
      ...said("At five."),
      ...[true, false].map((pending) =>
        chunk("goal", {
          objective: "Say when to leave.",
          iteration: 1,
          maxRuns: 3,
          passed: !pending,
          status: pending ? "active" : "done",
          results: [],
          duration: pending ? 0 : 12,
          timedOut: false,
          maxRunsReached: false,
          suppressFeedback: false,
          pending,
        }),
      ),
    ),
  },
];
