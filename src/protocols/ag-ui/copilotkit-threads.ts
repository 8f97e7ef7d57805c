import { Hono, type Context } from "hono";
import type { JsonObject } from "../../core/json.ts";
import type { Engine, ProtocolEnv } from "../../core/protocol.ts";
import type { AgUiEvent, AgUiMessage } from "./event.ts";
import { historyAround } from "./history.ts";
import { historyMessages } from "./history-messages.ts";
import { preludeOf } from "./prelude.ts";
import { emptyReplica } from "./replica.ts";
import { foldTo, type RunWire } from "./run-fold.ts";
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
  if (run === undefined) {
    const messages = historyMessages(await engine.messages(principal, threadId));
    return { messages, state: {}, events: preludeOf({ runId: threadId, threadId, generation: "0.0.59", history: messages, replica: emptyReplica(undefined) }) };
  }
  const wire: RunWire = { run, runId: run.clientRunId ?? run.id, generation: "0.0.59", flavour: "ag-ui" };
  const { replica } = await foldTo(engine, wire, "newest", engine.closing);
  const { before, after } = await historyAround(engine, principal, run);
  const shown = { ...replica, messages: [...replica.messages, ...after] };
  const events = preludeOf({ runId: wire.runId, threadId, generation: wire.generation, history: before, replica: shown });
  return { messages: [...before, ...shown.messages], state: replica.state, events };
}

function messageJson(message: AgUiMessage): JsonObject {
  const { id, role } = message;
  const content = "content" in message && message.content !== undefined ? { content: message.content as JsonObject[string] } : {};
  const calls = "toolCalls" in message ? message.toolCalls : undefined;
  const toolCalls = calls?.map((call) => ({ id: call.id, name: call.function.name, args: call.function.arguments }));
  return { id, role, ...content, ...(toolCalls && { toolCalls }), ...("toolCallId" in message && { toolCallId: message.toolCallId }) };
}
