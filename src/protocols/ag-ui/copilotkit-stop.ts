import { Hono, type Context } from "hono";
import { z } from "zod";
import { HoldfastError } from "../../core/error.ts";
import { embedded, type JsonSchema } from "../../core/json-schema.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine, ProtocolEnv } from "../../core/protocol.ts";

const bodySchema = z.strictObject({ runId: z.string().trim().min(1).max(255).optional() });

/** The body of a stop, as a schema. */
export function stopBodySchema(): JsonSchema {
  return embedded(z.toJSONSchema(bodySchema, { io: "input" }));
}

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
  const isStopped = await cancelOn(engine, context, body.data.runId);
  if (!isStopped) return context.json({ stopped: false, message: "No run is active on this thread." });
  return context.json({ stopped: true, interrupt: { type: "RUN_ERROR", message: STOPPED, code: "STOPPED" } });
}

/** Stops the run that is under way; of two, one that has just begun is not stopped by who meant the one before. */
async function cancelOn(engine: Engine, context: Context<ProtocolEnv, "/:agentId/stop/:threadId">, clientRunId: string | undefined): Promise<boolean> {
  const { principal } = context.var;
  try {
    const { activeRunId } = await engine.getThread(principal, context.req.param("threadId"));
    if (activeRunId === undefined) return false;
    if (clientRunId !== undefined && !(await isCalled(engine, principal, activeRunId, clientRunId))) return false;
    await engine.cancel(principal, activeRunId);
    return true;
  } catch (error) {
    if (HoldfastError.is(error) && (error.code === "THREAD_NOT_FOUND" || error.code === "RUN_ENDED")) return false;
    throw error;
  }
}

/** Whether a client knows a run by an id. A run that was answered goes on under the ids of the requests that answered, too. */
export async function isCalled(engine: Engine, principal: Principal, runId: string, clientRunId: string): Promise<boolean> {
  if (runId === clientRunId) return true;
  const { runs } = await engine.listRuns(principal, { clientRunId, limit: 1 });
  return runs[0]?.id === runId;
}

function parsed(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
