/**
 * The vitest lanes: which test files make each. `npm test` runs them in this order; what no lane names falls into the lane
 * `house`, so that no test is forgotten.
 */
export const LANES: Readonly<Record<string, readonly string[]>> = {
  unit: ["src/**/*.test.ts"],
  engine: ["test/engine/**/*.test.ts", "test/runner/**/*.test.ts", "test/reader/**/*.test.ts"],
  stores: ["test/stores/**/*.test.ts"],
  protocols: ["test/protocols/**/*.test.ts"],
  "ag-ui": ["test/ag-ui/**/*.test.ts", "test/io-bridge/**/*.test.ts"],
  cedar: ["test/cedar/**/*.test.ts"],
  mastra: ["test/mastra/**/*.test.ts"],
  http: ["test/http/**/*.test.ts", "test/cli/**/*.test.ts"],
  memory: ["test/memory/**/*.test.ts"],
  billing: ["test/billing/**/*.test.ts"],
  crash: ["test/crash/**/*.test.ts"],
};

/** Folders with a package of their own; each runs its tests by its own `run.ts`. */
export const PACKAGE_LANES: readonly string[] = ["clients", "conformance", "examples"];
