import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { ScriptedRuns } from "./scripted-runs.ts";
import { listen, type RunningServer } from "./server.ts";
import { ShimStreams } from "./shim-streams.ts";
import { shimRoutes } from "./write-shim.ts";

const LONG_POLL_MS = 500;

// The suite reads the address when a test begins, so it may be filled in before the first one.
const options = { baseUrl: "", longPollTimeoutMs: LONG_POLL_MS };
let server: RunningServer;

beforeAll(async () => {
  const runs = await ScriptedRuns.open();
  const settings = {
    longPollMs: LONG_POLL_MS,
    page: { maxMessages: 1_000, maxChars: 1_048_576 },
    clock: systemClock,
    random: Math.random,
    closing: runs.closing,
  };
  server = await listen(shimRoutes(new ShimStreams(runs), settings));
  options.baseUrl = server.url;
});

afterAll(() => server.close());

runConformanceTests(options);
