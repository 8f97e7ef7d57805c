import { Hono } from "hono";
import { z } from "zod";
import type { Json } from "../core/json.ts";
import type { Engine, ProtocolEnv } from "../core/protocol.ts";
import { answerBody } from "./interrupt-body.ts";
import { interruptJson } from "./interrupt-json.ts";
import { pageQuery } from "./page-query.ts";
import { jsonBody, validated } from "./validation.ts";

const interruptQuery = pageQuery.extend({
  runId: z.string().min(1).optional(),
  threadId: z.string().min(1).optional(),
  statuses: z.array(z.enum(["pending", "answered", "expired", "canceled"])),
});

/** The questions of suspended runs, for their owners and for approvers; mounted at `/v1/interrupts`. */
export function interruptRoutes(engine: Engine): Hono<ProtocolEnv> {
  return new Hono<ProtocolEnv>()
    .get("/", async (context) => {
      const given = (context.req.queries("status") ?? []).flatMap((text) => text.split(","));
      const { runId, threadId, cursor, limit, statuses } = validated(interruptQuery, { ...context.req.query(), statuses: given });
      const page = await engine.listInterrupts(context.var.principal, {
        limit,
        ...(runId !== undefined && { runId }),
        ...(threadId !== undefined && { threadId }),
        ...(cursor !== undefined && { cursor }),
        ...(statuses.length > 0 && { statuses }),
      });
      return context.json({ interrupts: page.interrupts.map(interruptJson), nextCursor: page.nextCursor });
    })
    .get("/:interruptId", async (context) => {
      return context.json(interruptJson(await engine.getInterrupt(context.var.principal, context.req.param("interruptId"))));
    })
    .post("/:interruptId/answer", async (context) => {
      const interruptId = context.req.param("interruptId");
      const { answer } = validated(answerBody, await jsonBody(context.req.raw));
      const { interrupts, run } = await engine.answer(context.var.principal, [{ interruptId, answer: answer as Json }]);
      const answered = interrupts.find(({ id }) => id === interruptId);
      return context.json({ interrupt: answered && interruptJson(answered), runId: run?.id });
    });
}
