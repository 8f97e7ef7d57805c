import type { Authenticate, Holdfast } from "holdfast";
import { Hono } from "hono";
import type { AuditTrail } from "./audit-trail.ts";
import { claimsOf } from "./requester.ts";
import { answerOldChat, readOldChat } from "./old-chat.ts";

export interface FrontParts {
  readonly holdfast: Holdfast;
  readonly authenticate: Authenticate;
  readonly audit: AuditTrail;
}

/** Two routes of the example's own; everything else goes to Holdfast. */
export function frontApp({ holdfast, authenticate, audit }: FrontParts): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    // The detail is for the log: it may have a path in it, or a text that is not for everybody.
    console.error(`${context.req.method} ${context.req.path} failed:`, error);
    return context.json({ error: "Something went wrong." }, 500);
  });

  app.get("/audit/:runId", async (context) => {
    const requester = claimsOf(await authenticate(context.req.raw));
    if (requester === undefined) return context.json({ error: "Send a valid token." }, 401);
    const runId = context.req.param("runId");
    const entries = audit.listOwn(requester, runId);
    if (entries.length === 0) return context.json({ error: "There is no record of such a run of yours." }, 404);
    return context.json({ runId, entries }, 200, { "cache-control": "no-store" });
  });

  app.post("/api/chat", async (context) => {
    const { oldChat, request } = await readOldChat(context.req.raw);
    return oldChat === undefined ? holdfast.fetch(request) : answerOldChat(oldChat, request, { holdfast, authenticate });
  });

  app.all("*", (context) => holdfast.fetch(context.req.raw));
  return app;
}
