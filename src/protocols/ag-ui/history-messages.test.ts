import { describe, expect, it } from "vitest";
import { historyMessages } from "./history-messages.ts";

describe("a message of the user", () => {
  it("is its text", () => {
    expect(
      historyMessages([{ id: "u", role: "user", parts: [{ type: "text", text: "Tides?" }], metadata: { holdfast: { at: 1 }, topic: "sea" } }]),
    ).toStrictEqual([{ id: "u", role: "user", content: "Tides?", metadata: { topic: "sea" } }]);
  });

  it("holds files by their kind and their source", () => {
    const parts = [
      { type: "text", text: "See" },
      { type: "file", mediaType: "image/png", url: "data:image/png;base64,AA==", filename: "a.png" },
      { type: "file", mediaType: "application/pdf", url: "https://a.example/b.pdf" },
      { type: "data-hidden", data: 1 },
    ];
    expect(historyMessages([{ id: "u", role: "user", parts }])).toStrictEqual([
      {
        id: "u",
        role: "user",
        content: [
          { type: "text", text: "See" },
          { type: "image", source: { type: "data", value: "AA==", mimeType: "image/png" }, metadata: { filename: "a.png" } },
          { type: "document", source: { type: "url", value: "https://a.example/b.pdf", mimeType: "application/pdf" } },
        ],
      },
    ]);
  });
});

describe("an answer", () => {
  it("is the messages of its stream: texts and the calls behind them, reasoning, results", () => {
    const parts = [
      { type: "step-start" },
      { type: "reasoning", text: "Hm", providerMetadata: { p: { s: "x" } } },
      { type: "text", text: "One." },
      { type: "tool-tides", toolCallId: "c1", state: "output-available", input: { port: "Brest" }, output: { at: 5 }, callProviderMetadata: { p: { s: "y" } } },
      { type: "dynamic-tool", toolName: "wind", toolCallId: "c2", state: "output-error", input: {}, errorText: "Calm." },
      { type: "text", text: "Two." },
      { type: "step-start" },
      { type: "tool-book", toolCallId: "c3", state: "output-denied", input: { berth: 7 }, approval: { id: "i", approved: false, reason: "No." } },
      { type: "tool-pick", toolCallId: "c4", state: "input-available", input: {} },
    ];
    expect(historyMessages([{ id: "m", role: "assistant", parts }])).toStrictEqual([
      { id: "m:r0", role: "reasoning", content: "Hm", encryptedValue: '{"p":{"s":"x"}}' },
      {
        id: "m",
        role: "assistant",
        content: "One.",
        toolCalls: [
          { id: "c1", type: "function", function: { name: "tides", arguments: '{"port":"Brest"}' }, encryptedValue: '{"p":{"s":"y"}}' },
          { id: "c2", type: "function", function: { name: "wind", arguments: "{}" } },
        ],
      },
      { id: "tool-result-c1", role: "tool", toolCallId: "c1", content: '{"at":5}' },
      { id: "tool-result-c2", role: "tool", toolCallId: "c2", content: "Calm.", metadata: { holdfast: { error: true } }, error: "Calm." },
      { id: "m:1", role: "assistant", content: "Two." },
      {
        id: "m:2",
        role: "assistant",
        toolCalls: [
          { id: "c3", type: "function", function: { name: "book", arguments: '{"berth":7}' } },
          { id: "c4", type: "function", function: { name: "pick", arguments: "{}" } },
        ],
      },
      { id: "tool-result-c3", role: "tool", toolCallId: "c3", content: "No.", metadata: { holdfast: { denied: true } } },
    ]);
  });

  it("shows the call of a sub-agent as one of the sub-agent's", () => {
    const parts = [
      { type: "step-start" },
      { type: "tool-agent-pilot", toolCallId: "c1", state: "input-available", input: {} },
      { type: "tool-signal", toolCallId: "c1/n1", state: "output-available", input: {}, output: "up" },
    ];
    expect(historyMessages([{ id: "m", role: "assistant", parts }])).toMatchObject([
      { id: "m" },
      { id: "c1:m0", subagentRunId: "c1", toolCalls: [{ id: "c1/n1" }] },
      { id: "tool-result-c1/n1", subagentRunId: "c1", content: "up" },
    ]);
  });

  it("of data alone is no message", () => {
    expect(historyMessages([{ id: "m", role: "assistant", parts: [{ type: "data-object", id: "object", data: {} }] }])).toStrictEqual([]);
  });
});

it("a system message is its text, and what has no id is left out", () => {
  expect(
    historyMessages([
      { id: "s", role: "system", parts: [{ type: "text", text: "Be brief." }] },
      { role: "user", parts: [] },
    ]),
  ).toStrictEqual([{ id: "s", role: "system", content: "Be brief." }]);
});
