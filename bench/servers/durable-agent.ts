import { createDurableAgent } from "@mastra/core/agent/durable";
import { Mastra } from "@mastra/core/mastra";
import { Hono } from "hono";
import { benchAgents } from "./agents.ts";
import { launch, type ChatBody } from "./launcher.ts";
import { REMEMBERING_AGENT } from "./names.ts";

const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-cache" };

/** The peer that replays from memory: `createDurableAgent` with its in-memory cache, its chunks as server-sent events. */
await launch((directory) => {
  const { plain, remembering, storage } = benchAgents(directory);
  const agents = { plain: createDurableAgent({ agent: plain }), remembering: createDurableAgent({ agent: remembering }) };
  const mastra = new Mastra({ agents, storage, logger: false });
  const runs = new Map<string, string>();
  const app = new Hono();
  app.post("/api/chat", async (context) => {
    const body = await context.req.json<ChatBody>();
    const remembers = body.agentId === REMEMBERING_AGENT;
    const agent = remembers ? agents.remembering : agents.plain;
    const text = body.messages.at(-1)?.parts[0]?.text ?? "";
    const started = await agent.stream([{ role: "user", content: text }], remembers ? { memory: { thread: body.id, resource: "bench" } } : {});
    runs.set(body.id, started.runId);
    return new Response(eventsOf(started.fullStream), { headers: HEADERS });
  });
  app.get("/api/chat/:id/stream", async (context) => {
    const runId = runs.get(context.req.param("id"));
    if (runId === undefined) return context.body(null, 204);
    const observed = await agents.plain.observe(runId, { offset: Number(context.req.query("startIndex") ?? 0) });
    return new Response(eventsOf(observed.fullStream), { headers: HEADERS });
  });
  return { fetch: (request) => app.fetch(request), close: () => mastra.shutdown() };
});

function eventsOf(chunks: ReadableStream<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const reader = chunks.getReader();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`data: ${JSON.stringify(value)}\n\n`));
    },
    cancel: () => reader.cancel(),
  });
}
