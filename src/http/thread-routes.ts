import { Hono } from "hono";
import type { JsonObject } from "../core/json.ts";
import type { Engine, ProtocolEnv, Thread } from "../core/protocol.ts";
import { pageQuery } from "./page-query.ts";
import { isoTime } from "./iso-time.ts";
import { threadChange } from "./thread-body.ts";
import { jsonBody, validated } from "./validation.ts";

/** The routes of threads; mounted at `/v1/threads`. */
export function threadRoutes(engine: Engine): Hono<ProtocolEnv> {
  return new Hono<ProtocolEnv>()
    .get("/", async (context) => {
      const { cursor, limit } = validated(pageQuery, context.req.query());
      const page = await engine.listThreads(context.var.principal, { limit, ...(cursor !== undefined && { cursor }) });
      return context.json({ threads: page.threads.map(threadJson), nextCursor: page.nextCursor });
    })
    .get("/:threadId", async (context) => context.json(threadJson(await engine.getThread(context.var.principal, context.req.param("threadId")))))
    .patch("/:threadId", async (context) => {
      const { title, metadata } = validated(threadChange, await jsonBody(context.req.raw));
      const thread = await engine.updateThread(context.var.principal, context.req.param("threadId"), {
        ...(title !== undefined && { title }),
        ...(metadata !== undefined && { metadata }),
      });
      return context.json(threadJson(thread));
    })
    .delete("/:threadId", async (context) => {
      await engine.deleteThread(context.var.principal, context.req.param("threadId"));
      return context.body(null, 204);
    });
}

function threadJson(thread: Thread): JsonObject {
  return {
    id: thread.id,
    agentId: thread.agentId,
    title: thread.title,
    metadata: thread.metadata,
    createdAt: isoTime(thread.createdAt),
    updatedAt: isoTime(thread.updatedAt),
    activeRunId: thread.activeRunId,
  };
}
