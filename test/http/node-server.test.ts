import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { afterEach, expect, test } from "vitest";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { testApp } from "./test-app.ts";

let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

async function serving(routes: Hono<ProtocolEnv>): Promise<string> {
  const { app } = testApp({}, routes);
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stop = async () => {
    const closed = once(server, "close");
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
    await closed;
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const asAnn = { headers: { "x-user": "ann" } };

test("the headers of a stream reach the client before its first byte", async () => {
  const silent = new Hono<ProtocolEnv>().get("/", (context) => context.body(new ReadableStream(), 200, { "x-workflow-run-id": "run-1" }));
  const abort = new AbortController();
  const response = await fetch(`${await serving(silent)}/probe`, { ...asAnn, signal: abort.signal });
  expect(response.headers.get("x-workflow-run-id")).toBe("run-1");
  abort.abort();
});

test("a client that goes away cancels the stream it was reading", async () => {
  const canceled = Promise.withResolvers<void>();
  const endless = new Hono<ProtocolEnv>().get("/", (context) =>
    context.body(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(": ping\n\n")),
        cancel: () => canceled.resolve(),
      }),
    ),
  );
  const abort = new AbortController();
  const response = await fetch(`${await serving(endless)}/probe`, { ...asAnn, signal: abort.signal });
  await response.body?.getReader().read();
  abort.abort();
  await canceled.promise;
});

test("a client that does not read makes the stream wait", async () => {
  let pulled = 0;
  const piece = new Uint8Array(65_536);
  const greedy = new Hono<ProtocolEnv>().get("/", (context) =>
    context.body(
      new ReadableStream({
        pull(controller) {
          pulled += 1;
          // Bounded, so that a server without backpressure fails here and does not fill the memory.
          if (pulled > 4_000) controller.close();
          else controller.enqueue(piece);
        },
      }),
    ),
  );
  const { port, hostname } = new URL(await serving(greedy));
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.pause();
  socket.write("GET /probe HTTP/1.1\r\nHost: localhost\r\nx-user: ann\r\n\r\n");
  const settled = async (before: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (pulled === 0 || pulled !== before) await settled(pulled);
  };
  await settled(pulled);
  expect(pulled).toBeLessThan(4_000);
  socket.destroy();
});

test("a stream that fails resets the connection", async () => {
  const failing = new Hono<ProtocolEnv>().get("/", (context) => {
    let pulls = 0;
    return context.body(
      new ReadableStream(
        {
          async pull(controller) {
            pulls += 1;
            if (pulls === 1) controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
            else throw new Error("shutting down");
          },
        },
        { highWaterMark: 0 },
      ),
    );
  });
  const response = await fetch(`${await serving(failing)}/probe`, asAnn);
  await expect(response.text()).rejects.toThrow("terminated");
});

test("a body over the limit is refused before it is sent whole", async () => {
  const url = new URL(await serving(new Hono<ProtocolEnv>().post("/", (context) => context.text("read"))));
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.write("POST /probe HTTP/1.1\r\nHost: localhost\r\nx-user: ann\r\nContent-Length: 5000000\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
  socket.destroy();
});
