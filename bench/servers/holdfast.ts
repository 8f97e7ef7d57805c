import { join } from "node:path";
import { createHoldfast } from "../../src/index.ts";
import { benchMastra } from "./agents.ts";
import { launch } from "./launcher.ts";
import { LOG_FILE } from "./names.ts";

/** The product, as its users mount it: on a SQLite file, every chunk committed before it is sent. */
await launch(async (directory) => {
  const holdfast = await createHoldfast({ mastra: benchMastra(directory), store: `sqlite:${join(directory, LOG_FILE)}`, auth: "none" });
  return { fetch: (request) => holdfast.fetch(request), close: () => holdfast.close() };
});
