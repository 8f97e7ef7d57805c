import { serve } from "@hono/node-server";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { MastraServer } from "@mastra/hono";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { Hono } from "hono";
import { IoMastraBridgeFactory } from "holdfast/io-bridge";
import { model } from "./model.ts";

const storage = new LibSQLStore({ id: "memory", url: "file:memory.db" });
const ioAgent = new Agent({
  id: "io-agent",
  name: "Assistant",
  instructions: "You are a friendly assistant.",
  model: model(),
  memory: new Memory({ storage, options: { lastMessages: 40 } }),
});
const bridge = IoMastraBridgeFactory();
const mastra = new Mastra({
  agents: { ioAgent },
  storage,
  // Its logger reports every pause for a browser's tool as an error.
  logger: false,
  server: { apiRoutes: [...bridge.createHonoRoutes()] },
});

const app = new Hono();
await new MastraServer({ app, mastra }).init();

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"] ?? 4111) }, ({ port }) => {
  console.log(`POST http://localhost:${port}/io-bridge/run`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    server.close();
    // What was running goes on in the next process that opens the store.
    await bridge.close?.();
    process.exit(0);
  });
}
