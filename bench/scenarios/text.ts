import { chat, chatBody } from "../client/chat.ts";
import type { Scenario } from "../report/result.ts";
import { compareThroughput, type Comparison } from "./throughput.ts";

const COMPARISON: Comparison = {
  peers: ["chat-stream", "durable-agent"],
  ask: (server, _subject, script) => chat(server.url, chatBody(script)),
  limits: [
    { claim: "throughput / handleChatStream", peer: "chat-stream", field: "deltasPerSecond", limit: 1.8, direction: "at least" },
    { claim: "server CPU / handleChatStream", peer: "chat-stream", field: "cpuMs", limit: 0.7, direction: "at most" },
  ],
};

/** The text of the model as the chunks of `useChat`, beside Mastra's own ways to stream it. */
export const text: Scenario = {
  name: "text",
  title: "Text over HTTP: 20,000 deltas without a pause",
  run: (options) => compareThroughput(COMPARISON, options),
};
