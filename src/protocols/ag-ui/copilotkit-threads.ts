import { Hono, type Context } from "hono";
import type { JsonObject } from "../../core/json.ts";
import type { Engine, ProtocolEnv } from "../../core/protocol.ts";
import { isTerminal } from "../../core/run.ts";
import { keptEvents } from "./attach.ts";
import type { AgUiEvent, AgUiMessage } from "./event.ts";
import type { RunReader } from "./event-batches.ts";
import { historyAround, threadHistory } from "./history.ts";
import { foldTo, withAnswers } from "./run-fold.ts";
import { runEvents } from "./serve.ts";
import { answeredOf } from "./stored-answers.ts";
import { runToWatch } from "./take-request.ts";

/** `GET /:id/messages`, `/events` and `/state`: what a thread holds, for the page's inspector. Changes of threads are not for a page. */
export function threadInspection(engine: Engine): Hono<ProtocolEnv> {
  const routes = new Hono<ProtocolEnv>();
  routes.get("/:id/messages", async (context) => context.json({ messages: (await shownOf(engine, context)).messages.map(messageJson) }));
  routes.get("/:id/events", async (context) => context.json({ events: (await shownOf(engine, context)).events }));
  routes.get("/:id/state", async (context) => context.json({ state: (await shownOf(engine, context)).state }));
  for (const path of ["/:id", "/:id/archive"]) {
    routes.on(["PATCH", "DELETE", "POST"], path, (context) => context.json({ error: "Not supported", message: "Change threads at /v1/threads." }, 422));
  }
  return routes;
}

interface Shown {
  readonly messages: readonly AgUiMessage[];
  readonly state: unknown;
  /** What a viewer that comes now would be sent first. */
  readonly events: readonly AgUiEvent[];
}

async function shownOf(engine: Engine, context: Context<ProtocolEnv, "/:id/messages" | "/:id/events" | "/:id/state">): Promise<Shown> {
  const { principal } = context.var;
  const threadId = context.req.param("id");
  await engine.getThread(principal, threadId);
  const run = await runToWatch(engine, principal, threadId);
  const reader = { engine, principal, generation: "0.0.59", flavour: "ag-ui" } as const;
  if (run === undefined) {
    return { messages: await threadHistory(engine, principal, threadId), state: {}, events: await keptEvents(reader, threadId, threadId) };
  }
  const wire = { ...reader, run, runId: run.clientRunId ?? run.id };
  const { replica } = withAnswers(wire, await foldTo(engine, wire, "newest", engine.closing), await answeredOf(engine, principal, run));
  const { before, after } = await historyAround(engine, principal, run, replica.messages);
  return { messages: [...before, ...replica.messages, ...after], state: replica.state, events: await eventsByNow(wire) };
}

/** What a viewer is sent at once: of a run that has ended all, of one that goes on what there is by now. */
async function eventsByNow(wire: RunReader): Promise<readonly AgUiEvent[]> {
  const events: AgUiEvent[] = [];
  const leave = new AbortController();
  for await (const { event } of runEvents({ ...wire, isJoining: true }, leave.signal)) {
    events.push(event);
    if (!isTerminal(wire.run.status)) break;
  }
  leave.abort();
  return events;
}

function messageJson(message: AgUiMessage): JsonObject {
  const { id, role } = message;
  const content = "content" in message && message.content !== undefined ? { content: message.content as JsonObject[string] } : {};
  const calls = "toolCalls" in message ? message.toolCalls : undefined;
  const toolCalls = calls?.map((call) => ({ id: call.id, name: call.function.name, args: call.function.arguments }));
  return { id, role, ...content, ...(toolCalls && { toolCalls }), ...("toolCallId" in message && { toolCallId: message.toolCallId }) };
}
