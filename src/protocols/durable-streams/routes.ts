import { Hono } from "hono";
import { systemClock } from "../../core/clock.ts";
import type { ProtocolEnv } from "../../core/protocol.ts";
import { answerRead, type ReadSettings } from "./read.ts";
import { runStream, type RunLogs } from "./run-stream.ts";
import { securityHeaders } from "./security-headers.ts";

/** What differs from the defaults. */
export type DurableStreamsOptions = Partial<Omit<ReadSettings, "closing">>;

const DEFAULTS: Omit<ReadSettings, "closing"> = {
  // Below the 30 s after which the strictest of common proxies give a silent request up.
  longPollMs: 20_000,
  // A page of text deltas has about 150 bytes each; the second limit is for entries that hold files and tool results.
  page: { maxMessages: 1_000, maxChars: 1_048_576 },
  clock: systemClock,
  random: Math.random,
};

/**
 * Serves the log of a run over the read side of the Durable Streams protocol: `GET` and `HEAD` on `/:runId/events`. A run is
 * written by its attempts only, so every other method is refused.
 */
export function durableStreamsRoutes(engine: RunLogs, options: DurableStreamsOptions = {}): Hono<ProtocolEnv> {
  const settings: ReadSettings = { ...DEFAULTS, ...options, closing: engine.closing };
  const app = new Hono<ProtocolEnv>();
  app.use("/:runId/events", securityHeaders);
  app.get("/:runId/events", async (context) => {
    const { principal } = context.var;
    const run = await engine.getRun(principal, context.req.param("runId"));
    return answerRead(runStream(engine, principal, run), context.req.raw, settings);
  });
  app.all("/:runId/events", () => new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } }));
  return app;
}
