import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { HoldfastError } from "../../src/core/error.ts";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { MAX_BODY_BYTES } from "../../src/http/body-limit.ts";
import { problemIn, testApp } from "./test-app.ts";

/** Tells the length of the body it got, and fails in every way that a protocol can. */
function probe(): Hono<ProtocolEnv> {
  return new Hono<ProtocolEnv>()
    .post("/", async (context) => context.json({ length: (await context.req.text()).length, from: context.var.principal.resourceId }))
    .get("/broken", () => {
      throw new TypeError("secret /home/app/src/agent.ts");
    })
    .get("/away", () => {
      throw new HoldfastError("STORE_UNAVAILABLE", "The store does not answer.", { details: { retryAfterMs: 2_500 } });
    });
}

function chunked(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 65_536);
      left -= size;
      if (size > 0) controller.enqueue(new Uint8Array(size).fill(97));
      else controller.close();
    },
  });
}

describe("credentials", () => {
  test.each(["/v1/runs", "/v1/threads/t", "/probe", "/nowhere"])("%s is closed without them", async (path) => {
    const response = await testApp({}, probe()).send(path, { user: "" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect((await problemIn(response)).code).toBe("NOT_AUTHENTICATED");
  });

  test("a protocol sees who makes the request", async () => {
    const response = await testApp({}, probe()).send("/probe", { method: "POST", body: "hello" });
    expect(await response.json()).toEqual({ length: 5, from: "ann" });
  });
});

describe("health", () => {
  test("/healthz and /readyz ask for no credentials", async () => {
    const { send } = testApp();
    expect((await send("/healthz", { user: "" })).status).toBe(200);
    expect((await send("/readyz", { user: "" })).status).toBe(200);
  });

  test("/readyz answers 503 while the server drains, and /healthz 200", async () => {
    const { engine, send } = testApp();
    engine.readyFault = new HoldfastError("SHUTTING_DOWN", "The server is shutting down.");
    const response = await send("/readyz", { user: "" });
    expect(response.status).toBe(503);
    expect((await problemIn(response)).code).toBe("SHUTTING_DOWN");
    expect((await send("/healthz", { user: "" })).status).toBe(200);
  });

  test("/readyz answers 503 when the store does not answer, whatever it throws", async () => {
    const { engine, send } = testApp();
    engine.readyFault = new Error("disk gone");
    const response = await send("/readyz", { user: "" });
    expect(response.status).toBe(503);
    expect((await problemIn(response)).code).toBe("STORE_UNAVAILABLE");
  });
});

describe("errors", () => {
  test("an unknown error is told in general words and logged with its cause", async () => {
    const { send, log } = testApp({}, probe());
    const response = await send("/probe/broken");
    expect(response.status).toBe(500);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({ error: { code: "INTERNAL", message: expect.any(String) as string } });
    expect(text).not.toMatch(/secret|agent\.ts|\bat /);
    expect(log.join("")).toContain("secret /home/app/src/agent.ts");
  });

  test("an error that may pass says when to come back", async () => {
    const response = await testApp({}, probe()).send("/probe/away");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("3");
  });

  test("an unknown address is a problem", async () => {
    const response = await testApp().send("/nowhere");
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect((await problemIn(response)).code).toBe("ROUTE_NOT_FOUND");
  });

  test("a method that an address does not answer is a problem that names those it does", async () => {
    const response = await testApp().send("/v1/threads/t", { method: "PUT" });
    expect(response.status).toBe(405);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("allow")).toBe("GET, HEAD, PATCH, DELETE");
    expect((await problemIn(response)).code).toBe("METHOD_NOT_ALLOWED");
  });

  test("a thread that does not exist is not taken for a method that does not", async () => {
    const response = await testApp().send("/v1/threads/none");
    expect(response.status).toBe(404);
    expect((await problemIn(response)).code).toBe("THREAD_NOT_FOUND");
  });

  test("every answer forbids a browser to guess its type", async () => {
    const { send } = testApp();
    const answers = [await send("/healthz"), await send("/v1/runs"), await send("/nowhere"), await send("/v1/runs", { user: "" })];
    expect(answers.map((answer) => answer.headers.get("x-content-type-options"))).toEqual(answers.map(() => "nosniff"));
  });
});

describe("the size of a body", () => {
  test("a body of 4 MiB is read", async () => {
    const response = await testApp({}, probe()).send("/probe", { method: "POST", body: "a".repeat(MAX_BODY_BYTES) });
    expect(await response.json()).toMatchObject({ length: MAX_BODY_BYTES });
  });

  test("a body that says it is larger is refused", async () => {
    const body = "a".repeat(MAX_BODY_BYTES + 1);
    const response = await testApp({}, probe()).send("/probe", { method: "POST", body, headers: { "content-length": String(body.length) } });
    expect(response.status).toBe(413);
    expect((await problemIn(response)).code).toBe("INPUT_TOO_LARGE");
  });

  test("a larger body that does not tell its length is refused", async () => {
    const response = await testApp({}, probe()).send("/probe", { method: "POST", body: chunked(MAX_BODY_BYTES + 1), duplex: "half" } as RequestInit);
    expect(response.status).toBe(413);
  });

  test("a smaller body that does not tell its length is read whole", async () => {
    const response = await testApp({}, probe()).send("/probe", { method: "POST", body: chunked(200_000), duplex: "half" } as RequestInit);
    expect(await response.json()).toMatchObject({ length: 200_000 });
  });
});
