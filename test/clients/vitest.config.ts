import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["*.test.ts"],
    globalSetup: ["shared-servers.ts"],
    pool: "forks",
    // Beside the two servers that all files share; more processes would only wait for a core.
    maxWorkers: 2,
    maxConcurrency: 4,
    // Bounds against hanging, not expectations: a shared machine may stand still for seconds.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    allowOnly: false,
    // The transports write every cut to the console.
    silent: "passed-only",
  },
});

export default config;
