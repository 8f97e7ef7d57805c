import { join } from "node:path";
import { defineConfig } from "vite";

const EXAMPLE = join(import.meta.dirname, "..");

export default defineConfig({
  root: import.meta.dirname,
  // One .env for both ends; of it the page gets what begins with VITE_, which is how Vite does it anyway.
  envDir: EXAMPLE,
  envPrefix: "VITE_",
  oxc: { jsx: { runtime: "automatic" } },
  build: { outDir: join(EXAMPLE, "dist"), emptyOutDir: true, chunkSizeWarningLimit: 4_000 },
});
