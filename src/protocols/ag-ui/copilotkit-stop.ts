import { Hono, type Context } from "hono";
import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine, ProtocolEnv } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";

const bodySchema = z.strictObject({ runId: z.string().trim().min(1).max(255).optional() });

/** The body of a stop, as a schema. */
export function stopBodySchema(): JsonSchema {
  return embedded(z.toJSONSchema(bodySchema, { io: "input" }));
}

const ACTIVE = ["pending", "running", "waiting"] as const;

const STOPPED = "The run was stopped.";

/** `POST /:agentId/stop/:threadId`: the page's stop button. The stream of the run ends by itself, and says how. */
export function stopRoutes(engine: Engine): Hono<ProtocolEnv> {
  const routes = new Hono<ProtocolEnv>();
  routes.post("/:agentId/stop/:threadId", (context) => stop(engine, context));
  return routes;
}

async function stop(engine: Engine, context: Context<ProtocolEnv, "/:agentId/stop/:threadId">): Promise<Response> {
  const { principal } = context.var;
  const body = bodySchema.safeParse(parsed(await context.req.text()));
  if (!body.success) return context.json({ error: "Invalid stop request", message: "The body is empty, {} or { runId }." }, 400);
  try {
    await engine.resolveAgent(principal, context.req.param("agentId"));
  } catch (error) {
    if (HoldfastError.is(error) && error.code === "AGENT_NOT_FOUND") return context.json({ error: "Agent not found", message: error.message }, 404);
    throw error;
  }
  const isStopped = await stopThread(engine, principal, context.req.param("threadId"), body.data.runId);
  if (!isStopped) return context.json({ stopped: false, message: "No run is active on this thread." });
  return context.json({ stopped: true, interrupt: { type: "RUN_ERROR", message: STOPPED, code: "STOPPED" } });
}

/**
 * Cancels the run that is under way on a thread and those that are queued behind it. `clientRunId`: by any name that a client knows one of them
 * by; who means a run that has ended does not stop the one behind it. Says whether there was anything to cancel.
 */
export async function stopThread(engine: Engine, principal: Principal, threadId: string, clientRunId: string | undefined): Promise<boolean> {
  const { runs } = await engine.listRuns(principal, { threadId, statuses: ACTIVE, limit: 100 });
  if (clientRunId !== undefined && !(await isOneCalled(engine, principal, threadId, runs, clientRunId))) return false;
  // The queue first: what is queued would begin when the run before it ends.
  let isStopped = false;
  for (const { id } of runs) isStopped = (await canceled(engine, principal, id)) || isStopped;
  return isStopped;
}

/** A run that was answered goes on under the ids of the requests that answered, too. */
async function isOneCalled(engine: Engine, principal: Principal, threadId: string, runs: readonly Run[], clientRunId: string): Promise<boolean> {
  const [named] = (await engine.listRuns(principal, { threadId, clientRunId, limit: 1 })).runs;
  return runs.some(({ id }) => id === clientRunId || id === named?.id);
}

async function canceled(engine: Engine, principal: Principal, runId: string): Promise<boolean> {
  try {
    await engine.cancel(principal, runId);
    return true;
  } catch (error) {
    // It ended by itself meanwhile.
    if (HoldfastError.is(error) && error.code === "RUN_ENDED") return false;
    throw error;
  }
}

function parsed(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
