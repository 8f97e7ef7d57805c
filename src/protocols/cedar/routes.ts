import { Hono, type Context } from "hono";
import { HoldfastError, type ErrorCode } from "../../core/error.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Answered, Engine, ProtocolEnv } from "../../core/protocol.ts";
import type { Run } from "../../core/run.ts";
import { parseCursor, type Cursor } from "../cursor.ts";
import { takeAnswer } from "./answers.ts";
import { BadRequest } from "./bad-request.ts";
import { decodeMessage, decodeResume, isCedarMessage } from "./decode.ts";
import { progressUpdate } from "./frame.ts";
import { openThread } from "./open-thread.ts";
import { replyOf } from "./reply.ts";
import { runHeaders, serveObjects, serveRun } from "./serve.ts";
import { startRun, type CedarOptions } from "./start.ts";

const IDEMPOTENCY_KEY = /^[\u0020-\u007e]{1,255}$/;

/** What a person has to hear of: the stock client shows nothing of a stream that is refused. */
const TOLD_IN_STREAM: ReadonlySet<ErrorCode> = new Set(["THREAD_BUSY", "ALREADY_ANSWERED", "INTERRUPT_CLOSED", "INTERRUPT_OPEN", "RUN_ENDED"]);

/**
 * The endpoints of Cedar-OS, relative to `/api/chat`: `POST /`, `/stream`, `/resume` and `/resume/stream`, and for a client that comes back
 * `GET /runs/:runId/cedar-stream` and `GET /threads/:threadId/cedar-open`. A `POST /` that is none of Cedar's is left to the next protocol at this path. See https://docs.cedarcopilot.com.
 */
export function cedarRoutes(engine: Engine, options: CedarOptions = {}): Hono<ProtocolEnv> {
  const routes = new Hono<ProtocolEnv>();
  routes.post("/", async (context, next) => {
    // The body is kept, so that the next protocol can read it as well.
    if (!isCedarMessage(await context.req.text())) return next();
    return answering(async () => json(engine, context, await started(engine, context, options)));
  });
  routes.post("/stream", (context) =>
    answering(() => streaming(engine, async () => (await comingBack(engine, context)) ?? serveRun(engine, await started(engine, context, options)))),
  );
  routes.post("/resume", (context) => answering(async () => resumed(engine, context, await answered(engine, context))));
  routes.post("/resume/stream", (context) =>
    answering(() => streaming(engine, async () => (await comingBack(engine, context)) ?? resumedStream(engine, await answered(engine, context)))),
  );
  routes.get("/runs/:runId/cedar-stream", async (context) => {
    const run = await engine.getRun(context.var.principal, context.req.param("runId"));
    return serveRun(engine, run, cursorOf(context, run.id));
  });
  routes.get("/threads/:threadId/cedar-open", async (context) => {
    const open = await openThread(engine, context.var.principal, context.req.param("threadId"));
    return Response.json(open, { headers: { "cache-control": "no-store" } });
  });
  return routes;
}

/** `POST /api/chat/notifications`, which the stock client asks without credentials: so it is told nothing. */
export function cedarNotificationRoutes(): Hono<ProtocolEnv> {
  return new Hono<ProtocolEnv>().post("/", (context) => context.json({ notifications: [] }));
}

/** `POST /api/voice` and `/api/voice/stream`: not served. */
export function cedarVoiceRoutes(): Hono<ProtocolEnv> {
  const refuse = (): Response =>
    problem(501, { error: { code: "NOT_SUPPORTED", message: "Voice is not served here; point voiceRoute at a server of your own." } });
  return new Hono<ProtocolEnv>().post("/", refuse).post("/stream", refuse);
}

async function started(engine: Engine, context: Context<ProtocolEnv>, options: CedarOptions): Promise<Run> {
  const idempotencyKey = context.req.header("idempotency-key");
  if (idempotencyKey !== undefined && !IDEMPOTENCY_KEY.test(idempotencyKey)) {
    throw new BadRequest([{ path: "Idempotency-Key", message: "The header must be 1 to 255 printable ASCII characters." }]);
  }
  const message = decodeMessage(await context.req.text());
  return startRun(engine, context.var.principal, message, { ...options, ...(idempotencyKey !== undefined && { idempotencyKey }) });
}

async function answered(engine: Engine, context: Context<ProtocolEnv>): Promise<Answered> {
  return takeAnswer(engine, context.var.principal, decodeResume(await context.req.text()));
}

async function json(engine: Engine, context: Context<ProtocolEnv>, run: Run): Promise<Response> {
  const reply = await replyOf(engine, run, context.req.raw.signal);
  return Response.json(reply, { headers: { ...runHeaders(run), "cache-control": "no-store" } });
}

async function resumed(engine: Engine, context: Context<ProtocolEnv>, { run, interrupts }: Answered): Promise<Response> {
  if (run !== undefined) return json(engine, context, run);
  const asked = interrupts[0];
  return Response.json(
    { content: "", object: [stillOpen(interrupts)], id: asked?.runId, threadId: asked?.threadId },
    { headers: { "cache-control": "no-store" } },
  );
}

function resumedStream(engine: Engine, { run, interrupts }: Answered): Response {
  if (run !== undefined) return serveRun(engine, run);
  const asked = interrupts[0];
  return serveObjects(engine, [stillOpen(interrupts)], asked === undefined ? {} : runHeaders({ id: asked.runId, threadId: asked.threadId }));
}

/** The run goes on with the last answer. */
function stillOpen(interrupts: Answered["interrupts"]): JsonObject {
  const open = interrupts.filter(({ status }) => status === "pending").length;
  return progressUpdate("complete", open === 1 ? "One more question is open." : `${open} more questions are open.`);
}

/** A client that was cut off sends its request again, with the id of the last frame that it has. */
async function comingBack(engine: Engine, context: Context<ProtocolEnv>): Promise<Response | undefined> {
  const after = cursorOf(context);
  return after === undefined ? undefined : serveRun(engine, await engine.getRun(context.var.principal, after.runId), after);
}

function cursorOf(context: Context<ProtocolEnv>, runId?: string): Cursor | undefined {
  const lastEventId = context.req.header("last-event-id");
  if (!lastEventId) return undefined;
  const cursor = parseCursor(lastEventId);
  if (cursor.isPrelude || (runId !== undefined && cursor.runId !== runId)) {
    throw new HoldfastError("OFFSET_INVALID", "Last-Event-ID is of another stream; send the id of the last event of this one, or none.");
  }
  return cursor;
}

async function answering(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return problem(400, {
      error: { code: "INPUT_INVALID", message: `The body is not valid. ${error.message}` },
      issues: error.issues.map((issue) => ({ ...issue })),
    });
  }
}

async function streaming(engine: Engine, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!HoldfastError.is(error) || !TOLD_IN_STREAM.has(error.code)) throw error;
    return serveObjects(engine, [progressUpdate("error", error.message)]);
  }
}

function problem(status: number, body: JsonObject): Response {
  return Response.json(body, { status, headers: { "content-type": "application/problem+json", "cache-control": "no-store" } });
}
