import { Hono } from "hono";
import type { Engine, ProtocolEnv } from "../core/protocol.ts";
import { runUsageJson, usageRowJson } from "./usage-json.ts";
import { usageQuery } from "./usage-query.ts";
import { validated } from "./validation.ts";

/** What the principal's own runs used, in sums; mounted at `/v1/usage`. */
export function usageRoutes(engine: Engine): Hono<ProtocolEnv> {
  return new Hono<ProtocolEnv>().get("/", async (context) => {
    const { from, to, groupBy } = validated(usageQuery, context.req.query());
    const query = { groupBy, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    const rows = await engine.usageReport(context.var.principal, query);
    return context.json({ rows: rows.map(usageRowJson) });
  });
}

/** What one run used; mounted at `/v1/runs`, beside the other routes of runs. */
export function runUsageRoutes(engine: Engine): Hono<ProtocolEnv> {
  return new Hono<ProtocolEnv>().get("/:runId/usage", async (context) =>
    context.json(runUsageJson(await engine.usage(context.var.principal, context.req.param("runId")))),
  );
}
