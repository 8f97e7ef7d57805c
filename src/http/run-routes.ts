import { Hono } from "hono";
import { z } from "zod";
import type { Interrupt } from "../core/interrupt.ts";
import type { Principal } from "../core/principal.ts";
import type { Engine, ProtocolEnv } from "../core/protocol.ts";
import { RUN_STATUSES, type Run } from "../core/run.ts";
import { auditJson } from "./interrupt-json.ts";
import { pageQuery } from "./page-query.ts";
import { runJson } from "./run-json.ts";
import { validated } from "./validation.ts";
import { startWorkflow } from "./workflow-start.ts";

const runQuery = pageQuery.extend({
  threadId: z.string().min(1).optional(),
  statuses: z.array(z.enum(RUN_STATUSES)),
});

// A step of more calls than this is shown in part here, and whole under /v1/interrupts.
const MAX_INTERRUPTS = 100;

/** The protocol-neutral routes of runs; mounted at `/v1/runs`. */
export function runRoutes(engine: Engine): Hono<ProtocolEnv> {
  const interruptsOf = async (principal: Principal, run: Run): Promise<readonly Interrupt[]> =>
    run.status === "suspended" || run.status === "waiting" ? (await engine.listInterrupts(principal, { runId: run.id, limit: MAX_INTERRUPTS })).interrupts : [];

  return new Hono<ProtocolEnv>()
    .get("/", async (context) => {
      const { principal } = context.var;
      const statuses = (context.req.queries("status") ?? []).flatMap((text) => text.split(","));
      const { threadId, cursor, limit } = validated(runQuery, { ...context.req.query(), statuses });
      const page = await engine.listRuns(principal, {
        limit,
        ...(threadId !== undefined && { threadId }),
        ...(cursor !== undefined && { cursor }),
        ...(statuses.length > 0 && { statuses: validated(runQuery.shape.statuses, statuses) }),
      });
      const runs = await Promise.all(page.runs.map(async (run) => runJson(run, await interruptsOf(principal, run))));
      return context.json({ runs, nextCursor: page.nextCursor });
    })
    .post("/", async (context) => {
      const run = await startWorkflow(engine, context.var.principal, context.req.raw);
      return context.json(runJson(run, []), 201, { location: `/v1/runs/${run.id}` });
    })
    .get("/:runId", async (context) => {
      const { principal } = context.var;
      const run = await engine.getRun(principal, context.req.param("runId"));
      return context.json(runJson(run, await interruptsOf(principal, run)));
    })
    .get("/:runId/audit", async (context) => {
      const entries = await engine.listAudit(context.var.principal, context.req.param("runId"));
      return context.json({ entries: entries.map(auditJson) });
    })
    .post("/:runId/cancel", async (context) => {
      const run = await engine.cancel(context.var.principal, context.req.param("runId"));
      return context.json(runJson(run, []));
    });
}
