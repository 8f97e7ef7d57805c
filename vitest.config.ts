import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from "vitest/config";
import { LANES, PACKAGE_LANES } from "./test/lanes.ts";

const ELSEWHERE = ["node_modules/**", "dist/**", "bench/**", "examples/**", ...PACKAGE_LANES.map((name) => `test/${name}/**`)];

function lane(name: string, include: readonly string[], exclude: readonly string[] = []): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [...include], exclude: [...ELSEWHERE, ...exclude] } };
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
