import { Hono, type Context } from "hono";
import { HoldfastError } from "../../core/error.ts";
import type { Answered, Engine, ProtocolEnv } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { eventStream } from "../sse.ts";
import type { AiSdkVersion } from "./chunk.ts";
import { clientAnswers, takeAnswers } from "./answers.ts";
import { decodeChatRequest, runInputOf } from "./decode.ts";
import { withoutApprovals } from "./history.ts";
import { FINISH_FRAMES, replaySource, type ReplayRequest } from "./replay-source.ts";
import { findRun, resume, startIndexOf, type Resumed, type ResumeContext } from "./resume.ts";
import { ownView } from "./run-view.ts";
import { ServedRuns } from "./served-runs.ts";
import { SharedEncoding } from "./shared-encoding.ts";

const STREAM_HEADERS = { "x-vercel-ai-ui-message-stream": "v1" };

const IDEMPOTENCY_KEY = /^[\u0020-\u007e]{1,255}$/;

/**
 * The endpoints of `DefaultChatTransport` and `WorkflowChatTransport`, relative to `/api/chat`: `POST /`, `GET /:id/stream`,
 * `POST /:id/stop` and `GET /:id/messages`, where an id is a chat's or, for the first two by id, a run's.
 */
export function aiSdkRoutes(engine: Engine, options: { readonly version: AiSdkVersion }): Hono<ProtocolEnv> {
  const context: ResumeContext = { engine, encoding: new SharedEncoding(options.version), served: new ServedRuns() };
  const routes = new Hono<ProtocolEnv>();
  routes.post("/", (request) => startRun(context, request));
  // Older clients send an id with a slash as it is.
  routes.get("/:id{.+}/stream", (request) => resumeStream(context, request));
  routes.post("/:id{.+}/stop", (request) => stopRun(engine, request));
  routes.get("/:id{.+}/messages", (request) => listMessages(engine, options.version, request));
  return routes;
}

async function startRun(context: ResumeContext, request: Context<ProtocolEnv>): Promise<Response> {
  const { engine, encoding } = context;
  const idempotencyKey = idempotencyKeyOf(request);
  const chat = decodeChatRequest(await request.req.text());
  // A WorkflowChatTransport sets no content type and takes a clean end as a cut; for the other one it would be the end of the answer.
  const onClosing = request.req.header("content-type")?.includes("json") === true ? "reset" : "end";
  const answers = clientAnswers(chat);
  if (answers !== undefined) return goOn(context, await takeAnswers(engine, request.var.principal, chat, answers), onClosing);
  const agent = await engine.resolveAgent(request.var.principal, chat.agentId);
  const run = await engine.start(request.var.principal, {
    agentId: agent.id,
    input: runInputOf(chat, agent.hasMemory),
    ...(chat.chatId !== undefined && { threadId: chat.chatId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  return streamOf({ engine, encoding, view: ownView(run), fromChunk: 0 }, onClosing, runHeaders(run));
}

/** Streams the run that the answers started; while other questions of the message are open, there is nothing to stream. */
function goOn({ engine, encoding }: ResumeContext, { run, interrupts }: Answered, onClosing: "end" | "reset"): Response {
  if (run !== undefined) return streamOf({ engine, encoding, view: ownView(run), fromChunk: 0 }, onClosing, runHeaders(run));
  const asked = interrupts[0];
  const headers = asked === undefined ? {} : runHeaders({ id: asked.runId, threadId: asked.threadId });
  return eventStream({ body: finishOnly, closing: engine.closing, onClosing, headers: { ...STREAM_HEADERS, ...headers } });
}

async function resumeStream(context: ResumeContext, request: Context<ProtocolEnv, "/:id/stream">): Promise<Response> {
  const { engine, encoding } = context;
  const startIndex = startIndexOf(request.req.url);
  const resumed = await resume(context, request.var.principal, request.req.param("id"), startIndex);
  const onClosing = startIndex === undefined ? "reset" : "end";
  if (resumed === undefined) {
    const headers = { "x-workflow-stream-tail-index": "-1" };
    if (startIndex === undefined) return request.body(null, 204, headers);
    return eventStream({ body: finishOnly, closing: engine.closing, onClosing, headers: { ...STREAM_HEADERS, ...headers } });
  }
  const { view, fromChunk, chunkCount } = resumed;
  return streamOf({ engine, encoding, view, fromChunk, ...whileServed(context, request.var.principal.resourceId, resumed) }, onClosing, {
    ...runHeaders(view.run),
    "x-workflow-stream-tail-index": String(chunkCount - 1),
  });
}

/** A client that asked by chat id goes on asking by it until the stream ends. */
function whileServed({ served }: ResumeContext, resourceId: string, { view: { run }, chatId, fromChunk }: Resumed): Pick<ReplayRequest, "onServed" | "onEnd"> {
  if (chatId === undefined) return {};
  served.note(resourceId, chatId, run.id, fromChunk);
  return {
    onServed: (chunkCount) => served.note(resourceId, chatId, run.id, chunkCount),
    onEnd: () => served.forget(resourceId, chatId, run.id),
  };
}

async function stopRun(engine: Engine, request: Context<ProtocolEnv, "/:id/stop">): Promise<Response> {
  const { principal } = request.var;
  const id = request.req.param("id");
  const runId = (await findRun(engine, principal, id))?.id ?? (await engine.getThread(principal, id)).activeRunId;
  if (runId === undefined) return request.json({ stopped: false });
  try {
    await engine.cancel(principal, runId);
    return request.json({ stopped: true, runId });
  } catch (error) {
    if (HoldfastError.is(error) && error.code === "RUN_ENDED") return request.json({ stopped: false, runId });
    throw error;
  }
}

async function listMessages(engine: Engine, version: AiSdkVersion, request: Context<ProtocolEnv, "/:id/messages">): Promise<Response> {
  const messages = await engine.messages(request.var.principal, request.req.param("id"));
  return request.json({ messages: version === 5 ? messages.map(withoutApprovals) : messages });
}

function streamOf(replay: ReplayRequest, onClosing: "end" | "reset", headers: Readonly<Record<string, string>>): Response {
  return eventStream({
    body: (signal) => replaySource(replay, signal),
    closing: replay.engine.closing,
    onClosing,
    headers: { ...STREAM_HEADERS, ...headers },
  });
}

async function* finishOnly(): AsyncGenerator<string, void, void> {
  yield FINISH_FRAMES;
}

function runHeaders(run: Pick<Run, "id" | "threadId">): Readonly<Record<string, string>> {
  // A thread id may hold what a header may not.
  return { "x-workflow-run-id": run.id, "x-holdfast-thread-id": encodeURIComponent(run.threadId) };
}

function idempotencyKeyOf(request: Context<ProtocolEnv>): string | undefined {
  const key = request.req.header("idempotency-key");
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key;
  throw new HoldfastError("INPUT_INVALID", "The header Idempotency-Key must be 1 to 255 printable ASCII characters.", {
    details: { field: "Idempotency-Key" },
  });
}
