import { describe, expect, test } from "vitest";
import { testApp } from "./test-app.ts";

const APP = "https://app.example.com";
const ask = { method: "OPTIONS", user: "", headers: { origin: APP, "access-control-request-method": "POST" } };

describe("a server for every origin", () => {
  test("a preflight is answered without credentials, with the methods and headers that clients use", async () => {
    const response = await testApp().send("/v1/runs", ask);
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toBe("GET, HEAD, POST, PATCH, DELETE");
    const allowed = response.headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
    expect(allowed).toEqual(expect.arrayContaining(["authorization", "content-type", "idempotency-key", "if-none-match", "last-event-id"]));
  });

  test("a preflight may ask for headers of the app's own", async () => {
    const headers = { ...ask.headers, "access-control-request-headers": "authorization,x-tenant" };
    const response = await testApp().send("/v1/runs", { ...ask, headers });
    expect(response.headers.get("access-control-allow-headers")).toMatch(/authorization,x-tenant$/);
  });

  test.each(["/v1/runs", "/v1/runs/unknown", "/nowhere"])("pages may read the answer of %s and the headers that resume a stream", async (path) => {
    const response = await testApp().send(path, { headers: { origin: APP } });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const exposed = response.headers.get("access-control-expose-headers")?.toLowerCase().split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining([
        "x-workflow-run-id",
        "x-workflow-stream-tail-index",
        "x-holdfast-thread-id",
        "stream-next-offset",
        "stream-closed",
        "retry-after",
      ]),
    );
  });

  test("a refusal can be read by the page too", async () => {
    const response = await testApp().send("/v1/runs", { user: "", headers: { origin: APP } });
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("a server for pages of its own machine", () => {
  const cors = { origins: "loopback" } as const;

  test.each(["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080", "http://app.localhost", "http://holdfast.test"])(
    "lets a page of %s in",
    async (origin) => {
      const response = await testApp({ cors }).send("/v1/runs", { headers: { origin, host: "holdfast.test" } });
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("vary")).toBe("Origin");
    },
  );

  test.each([APP, "null", "http://localhost.example.com", "http://127.0.0.1.example.com"])("refuses a page of %s, whatever it sends", async (origin) => {
    const { engine, send } = testApp({ cors });
    const response = await send("/v1/runs", { headers: { origin } });
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(engine.runQueries).toEqual([]);
  });

  test("refuses the preflight of a foreign page", async () => {
    expect((await testApp({ cors }).send("/v1/runs", ask)).status).toBe(403);
  });

  test("answers a client that is no page", async () => {
    expect((await testApp({ cors }).send("/v1/runs")).status).toBe(200);
  });
});

test("a server for listed origins lets those in and no others", async () => {
  const { send } = testApp({ cors: { origins: [APP] } });
  expect((await send("/v1/runs", { headers: { origin: APP } })).status).toBe(200);
  expect((await send("/v1/runs", { headers: { origin: "http://localhost:3000" } })).status).toBe(403);
});
