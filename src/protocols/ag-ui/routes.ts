import { Hono, type Context } from "hono";
import { HoldfastError } from "../../core/error.ts";
import type { Engine, ProtocolEnv } from "../../core/protocol.ts";
import { answerRun, serveRest, serveThread, type Client } from "./attach.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { parseRunAgentInput, type AgUiRequest } from "./decode.ts";
import { tellNotices, type OnNotice } from "./notices.ts";
import { mediaFor } from "./frame.ts";

/**
 * AG-UI, relative to `/ag-ui`: `GET /agents`, `POST /agents/:agentId/run` and `POST /agents/:agentId/connect`. Both posts take a
 * `RunAgentInput` and go on behind `Last-Event-ID` where a client sends one. See https://docs.ag-ui.com.
 */
export function agUiRoutes(engine: Engine, onNotice: OnNotice = () => undefined): Hono<ProtocolEnv> {
  const routes = new Hono<ProtocolEnv>();
  routes.get("/agents", (context) => context.json({ agents: engine.listAgents().map((agent) => ({ ...agent, capabilities: capabilitiesOf(agent) })) }));
  routes.post("/agents/:agentId/run", (context) => run(engine, context, onNotice));
  routes.post("/agents/:agentId/connect", (context) => connect(engine, context));
  return routes;
}

async function run(engine: Engine, context: Context<ProtocolEnv, "/agents/:agentId/run">, onNotice: OnNotice): Promise<Response> {
  const request = parseRunAgentInput(await bodyOf(context));
  tellNotices(request, onNotice);
  const { principal } = context.var;
  const client = clientOf(engine, context, request);
  const agent = await engine.resolveAgent(principal, context.req.param("agentId"));
  return answerRun(client, agent, request, context.req.header("last-event-id"));
}

async function connect(engine: Engine, context: Context<ProtocolEnv, "/agents/:agentId/connect">): Promise<Response> {
  const request = parseRunAgentInput(await bodyOf(context));
  const { runId, threadId = "", forwardedProps } = request;
  const isFollowing = context.req.query("follow") === "true" || forwardedProps["follow"] === true;
  const client = clientOf(engine, context, request);
  await engine.resolveAgent(context.var.principal, context.req.param("agentId"));
  const lastEventId = context.req.header("last-event-id");
  return lastEventId ? serveRest(client, lastEventId, { threadId, isFollowing }) : serveThread(client, threadId, { runId, isFollowing });
}

function clientOf(engine: Engine, context: Context<ProtocolEnv>, { generation }: AgUiRequest): Client {
  return { engine, principal: context.var.principal, generation, media: mediaFor(context.req.header("accept"), generation), flavour: "ag-ui" };
}

/** @throws {HoldfastError} INPUT_INVALID */
async function bodyOf(context: Context<ProtocolEnv>): Promise<unknown> {
  try {
    return JSON.parse(await context.req.text()) as unknown;
  } catch {
    throw new HoldfastError("INPUT_INVALID", "The body is not JSON.");
  }
}
