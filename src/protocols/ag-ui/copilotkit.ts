import { Hono, type Context } from "hono";
import type { JsonObject } from "../../core/json.ts";
import type { AgentSummary } from "../../core/agent-source.ts";
import { HoldfastError } from "../../core/error.ts";
import type { Engine, ProtocolEnv, Thread } from "../../core/protocol.ts";
import { eventStream } from "../sse.ts";
import { answerRun, serveRest, serveThread, type Client } from "./attach.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { decodeRunAgentInput, type AgUiRequest } from "./decode.ts";
import { tellNotices, type OnNotice } from "./notices.ts";
import { stopRoutes } from "./copilotkit-stop.ts";
import { threadInspection } from "./copilotkit-threads.ts";

/** The release of CopilotKit's runtime whose routes these are. */
const RUNTIME_VERSION = "1.75.0";

const PAGE = 100;

/**
 * The routes of CopilotKit's runtime, relative to a page's `runtimeUrl`: `GET /info`, `POST /agent/:id/run`, `/connect` and
 * `/stop/:threadId`, and the reading half of `/threads`.
 */
export function copilotKitRoutes(engine: Engine, onNotice: OnNotice = () => undefined): Hono<ProtocolEnv> {
  const routes = new Hono<ProtocolEnv>();
  routes.get("/info", (context) => context.json(infoOf(engine.listAgents())));
  routes.post("/agent/:agentId/run", (context) =>
    withRequest(context, (request) => {
      tellNotices(request, onNotice);
      return run(engine, context, request);
    }),
  );
  routes.post("/agent/:agentId/connect", (context) => withRequest(context, (request) => connect(engine, context, request)));
  routes.route("/agent", stopRoutes(engine));
  routes.get("/threads", async (context) => context.json(await listThreads(engine, context)));
  routes.route("/threads", threadInspection(engine));
  return routes;
}

/** What a page asks for first. What is said to be missing is not asked for later. */
function infoOf(agents: readonly AgentSummary[]): object {
  const described = agents.map((agent) => {
    const { id, name, description = "" } = agent;
    return [id, { name, description, className: "HoldfastAgent", capabilities: capabilitiesOf(agent) }] as const;
  });
  return {
    version: RUNTIME_VERSION,
    mode: "sse",
    agents: Object.fromEntries(described),
    audioFileTranscriptionEnabled: false,
    threadEndpoints: { list: true, inspect: true, mutations: false, realtimeMetadata: false },
    suggestions: false,
    a2uiEnabled: false,
    openGenerativeUIEnabled: false,
    telemetryDisabled: true,
  };
}

type AgentContext = Context<ProtocolEnv, "/agent/:agentId/run" | "/agent/:agentId/connect">;

/** Bodies and agents that are not what they should be are refused in the runtime's own words; other faults are the application's. */
async function withRequest(context: AgentContext, answer: (request: AgUiRequest) => Promise<Response>): Promise<Response> {
  const decoded = decodeRunAgentInput(await bodyOf(context));
  if (!decoded.ok) {
    const details = decoded.faults.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
    return context.json({ error: "Invalid request body", details }, 400);
  }
  try {
    return await answer(decoded.request);
  } catch (error) {
    if (HoldfastError.is(error) && error.code === "AGENT_NOT_FOUND") return context.json({ error: "Agent not found", message: error.message }, 404);
    throw error;
  }
}

async function bodyOf(context: Context): Promise<unknown> {
  try {
    return JSON.parse(await context.req.text()) as unknown;
  } catch {
    return undefined;
  }
}

async function run(engine: Engine, context: AgentContext, request: AgUiRequest): Promise<Response> {
  const client = clientOf(engine, context, request);
  const agent = await engine.resolveAgent(client.principal, context.req.param("agentId"));
  return answerRun(client, agent, request, context.req.header("last-event-id"));
}

/** A page connects whenever it shows a thread, also one that it has only thought of: that one has nothing to show. */
async function connect(engine: Engine, context: AgentContext, request: AgUiRequest): Promise<Response> {
  const client = clientOf(engine, context, request);
  const { runId, threadId = "", forwardedProps } = request;
  await engine.resolveAgent(client.principal, context.req.param("agentId"));
  const isFollowing = forwardedProps["follow"] === true;
  const lastEventId = context.req.header("last-event-id");
  if (lastEventId) return serveRest(client, lastEventId, { threadId, isFollowing });
  try {
    return await serveThread(client, threadId, { runId, isFollowing });
  } catch (error) {
    if (!HoldfastError.is(error) || error.code !== "THREAD_NOT_FOUND") throw error;
    return eventStream({ body: async function* () {}, closing: engine.closing, onClosing: "end" });
  }
}

/** A page's runtime speaks in events as text only. */
function clientOf(engine: Engine, context: Context<ProtocolEnv>, { generation }: AgUiRequest): Client {
  return { engine, principal: context.var.principal, generation, media: "sse", flavour: "ag-ui" };
}

async function listThreads(engine: Engine, context: Context<ProtocolEnv>): Promise<object> {
  const { principal } = context.var;
  const cursor = context.req.query("cursor");
  const agentId = context.req.query("agentId");
  const page = await engine.listThreads(principal, { limit: PAGE, ...(cursor !== undefined && { cursor }) });
  const threads = page.threads.filter((thread) => agentId === undefined || thread.agentId === agentId);
  return { threads: threads.map((thread) => threadJson(thread, principal.resourceId)), nextCursor: page.nextCursor ?? null };
}

function threadJson({ id, agentId, title, createdAt, updatedAt }: Thread, resourceId: string): JsonObject {
  return {
    id,
    name: title ?? null,
    agentId,
    organizationId: resourceId,
    createdById: resourceId,
    archived: false,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}
