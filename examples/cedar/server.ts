import { serve } from "@hono/node-server";
import { environmentOf } from "./src/environment.ts";
import { openHarbour } from "./src/harbour.ts";
import { model } from "./src/model.ts";

const { port, ...settings } = environmentOf(process.env);
const harbour = await openHarbour(settings, model(process.env));
const server = serve({ fetch: harbour.fetch, hostname: "127.0.0.1", port }, (address) => {
  console.log(`The page is at http://127.0.0.1:${address.port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    server.close();
    // What was running goes on in the next process that opens the store.
    await harbour.holdfast.drain();
    await harbour.holdfast.close();
    process.exit(0);
  });
}
