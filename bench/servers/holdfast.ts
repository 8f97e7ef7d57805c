import { handleChatStream } from "@mastra/ai-sdk";
import { createUIMessageStreamResponse, type UIMessageChunk } from "ai";
import { Hono } from "hono";
import { benchMastra } from "./agents.ts";
import { launch, type ChatBody } from "./launcher.ts";
import { REMEMBERING_AGENT } from "./names.ts";

/** The peer that is not durable: `handleChatStream` over Hono, as Mastra's documentation shows it. */
await launch((directory) => {
  const mastra = benchMastra(directory);
  const app = new Hono();
  app.post("/api/chat", async (context) => {
    const body = await context.req.json<ChatBody>();
    const stream = await handleChatStream({
      mastra,
      agentId: body.agentId,
      version: "v6",
      params: {
        messages: body.messages.map((message) => ({ ...message, parts: [...message.parts] })),
        ...(body.agentId === REMEMBERING_AGENT && { memory: { thread: body.id, resource: "bench" } }),
      },
    });
    return createUIMessageStreamResponse({ stream: stream as unknown as ReadableStream<UIMessageChunk> });
  });
  return { fetch: (request) => app.fetch(request), close: () => Promise.resolve() };
});
