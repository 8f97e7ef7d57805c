import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["*.test.ts"],
    // The suite waits for clocks of its own, so its files share neither a process nor time with another.
    fileParallelism: false,
    testTimeout: 60_000,
    allowOnly: false,
  },
});

export default config;
