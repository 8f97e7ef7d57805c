import { describe, expect, test } from "vitest";
import type { OwnedThread } from "./fake-engine.ts";
import { problemIn, testApp } from "./test-app.ts";

const thread: OwnedThread = {
  id: "thread-1",
  resourceId: "ann",
  agentId: "assistant",
  title: "Ships",
  metadata: { pinned: true },
  createdAt: Date.UTC(2026, 0, 2),
  updatedAt: Date.UTC(2026, 0, 3),
};
const shown = {
  id: "thread-1",
  agentId: "assistant",
  title: "Ships",
  metadata: { pinned: true },
  createdAt: "2026-01-02T00:00:00.000Z",
  updatedAt: "2026-01-03T00:00:00.000Z",
};

function patch(body: string): RequestInit {
  return { method: "PATCH", body };
}

describe("/v1/threads", () => {
  test("lists the caller's threads", async () => {
    const { engine, send } = testApp();
    engine.threads.push(thread, { ...thread, id: "thread-2", resourceId: "bob" });
    expect(await (await send("/v1/threads")).json()).toEqual({ threads: [shown] });
  });

  test("shows a thread with the run that is active on it", async () => {
    const { engine, send } = testApp();
    engine.threads.push({ ...thread, activeRunId: "run-1" });
    expect(await (await send("/v1/threads/thread-1")).json()).toEqual({ ...shown, activeRunId: "run-1" });
  });

  test("changes the title and leaves the rest", async () => {
    const { engine, send } = testApp();
    engine.threads.push(thread);
    const response = await send("/v1/threads/thread-1", patch(`{"title":"Boats"}`));
    expect(await response.json()).toEqual({ ...shown, title: "Boats" });
  });

  test.each(["not json", "", "[]", "{}", `{"title":5}`, `{"metadata":[]}`, `{"title":"x","resourceId":"bob"}`])("refuses the change %s", async (body) => {
    const { engine, send } = testApp();
    engine.threads.push(thread);
    const response = await send("/v1/threads/thread-1", patch(body));
    expect(response.status).toBe(400);
    expect((await problemIn(response)).code).toBe("INPUT_INVALID");
    expect(engine.threads).toEqual([thread]);
  });

  test("deletes a thread", async () => {
    const { engine, send } = testApp();
    engine.threads.push(thread);
    expect((await send("/v1/threads/thread-1", { method: "DELETE" })).status).toBe(204);
    expect((await send("/v1/threads/thread-1")).status).toBe(404);
  });

  test("refuses to delete a thread while a run is active on it", async () => {
    const { engine, send } = testApp();
    engine.threads.push({ ...thread, activeRunId: "run-1" });
    const response = await send("/v1/threads/thread-1", { method: "DELETE" });
    expect(response.status).toBe(409);
    expect((await problemIn(response)).code).toBe("THREAD_BUSY");
    expect(response.headers.get("retry-after")).toBe("1");
  });

  test.each(["GET", "PATCH", "DELETE"])("answers 404 to %s about the thread of somebody else", async (method) => {
    const { engine, send } = testApp();
    engine.threads.push(thread);
    const response = await send("/v1/threads/thread-1", { method, user: "bob", ...(method === "PATCH" && patch(`{"title":"Mine"}`)) });
    expect(response.status).toBe(404);
    expect(engine.threads).toEqual([thread]);
  });
});
