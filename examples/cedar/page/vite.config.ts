import { join } from "node:path";
import { defineConfig } from "vite";

const EXAMPLE = join(import.meta.dirname, "..");

export default defineConfig({
  root: import.meta.dirname,
  // One .env for both ends; of it the page gets what begins with VITE_, which is how Vite does it anyway.
  envDir: EXAMPLE,
  envPrefix: "VITE_",
  oxc: { jsx: { runtime: "automatic" } },
  build: {
    outDir: join(EXAMPLE, "dist"),
    emptyOutDir: true,
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      // The "use client" of Cedar's parts means nothing here.
      onLog: (level, log, handle) => (log.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : handle(level, log)),
    },
  },
});
