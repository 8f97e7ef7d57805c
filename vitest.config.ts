import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from "vitest/config";

/** Which test files make a lane; `npm test` runs them in this order. The last one takes what no other lane names. */
const LANES = {
  unit: ["src/**/*.test.ts"],
  stores: ["test/stores/**/*.test.ts"],
  protocols: ["test/protocols/**/*.test.ts"],
  mastra: ["test/mastra/**/*.test.ts"],
  http: ["test/http/**/*.test.ts", "test/cli/**/*.test.ts"],
  crash: ["test/crash/**/*.test.ts"],
} as const;

const SEPARATE_PACKAGES = ["node_modules/**", "dist/**", "bench/**", "examples/**", "test/clients/**", "test/conformance/**"];

function lane(name: string, include: readonly string[], exclude: readonly string[] = []): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [...include], exclude: [...SEPARATE_PACKAGES, ...exclude] } };
}

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [...Object.entries(LANES).map(([name, include]) => lane(name, include)), lane("house", ["test/**/*.test.ts"], Object.values(LANES).flat())],
    pool: "forks",
    // Two cores: more processes only take time from those whose leases must be renewed.
    maxWorkers: 2,
    // Bounds against hanging, not expectations: a shared machine may stand still for seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    allowOnly: false,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});

export default config;
