import { serve } from "@hono/node-server";
import { environmentOf } from "./src/environment.ts";
import { openGovernedRag } from "./src/governed-rag.ts";

const environment = environmentOf(process.env);
const rag = await openGovernedRag(environment, process.env);
if ((await rag.index.size()) === 0) console.log("The index is empty: run npm run index.");

const server = serve({ fetch: rag.fetch, hostname: "127.0.0.1", port: environment.port }, ({ port }) => {
  console.log(`POST http://localhost:${port}/api/chat`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    server.close();
    // What was running goes on in the next process that opens the store.
    await rag.holdfast.drain();
    await rag.close();
    process.exit(0);
  });
}
