import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Described } from "./described.ts";
import { describedServer, type DescribedServer } from "./described-server.ts";

let server: DescribedServer;
let document: Record<string, unknown>;
let described: Described;

beforeAll(async () => {
  server = await describedServer();
  const response = await server.send("GET", "/openapi.json", { user: "" });
  expect(response.status).toBe(200);
  document = (await response.json()) as Record<string, unknown>;
  described = new Described(document);
});

afterAll(() => server.close());

describe("/openapi.json", () => {
  test("is a valid document of OpenAPI 3.1, with references that all lead somewhere", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    const { components } = document as { components: { schemas: Record<string, unknown> } };
    const pointed = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, pointer = ""]) => pointer);
    expect(pointed.length).toBeGreaterThan(20);
    expect(pointed.filter((pointer) => !(pointer.replace("#/components/schemas/", "") in components.schemas))).toEqual([]);
  });

  test("describes every route that the server has, and none that it has not", () => {
    const has = server.app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}")}`);
    const says = described.operations.map(({ method, path }) => `${method} ${path}`);
    // Whatever answers a GET answers a HEAD, which is worth a word of its own only where clients send it.
    const heads = says.filter((line) => line.startsWith("HEAD "));
    for (const line of heads) expect(has).toContain(line.replace("HEAD", "GET"));
    expect(says.filter((line) => !heads.includes(line)).toSorted()).toEqual([...new Set(has)].toSorted());
  });

  test("names each operation once", () => {
    const ids = [...JSON.stringify(document).matchAll(/"operationId":"([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toHaveLength(described.operations.length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("says of four routes that they ask for no credentials, and every other one refuses a request without them", async () => {
    const open = described.operations.filter(({ isPublic }) => isPublic).map(({ path }) => path);
    expect(open.toSorted()).toEqual(["/healthz", "/metrics", "/openapi.json", "/readyz"]);
    for (const { method, path, isPublic } of described.operations) {
      const { status } = await server.send(method, path.replace(/\{\w+\}/g, "x"), { user: "" });
      expect([method, path, status]).toEqual([method, path, isPublic ? 200 : 401]);
    }
  });

  test("lists the closed set of codes for problems", () => {
    const text = JSON.stringify((document as { components: { schemas: { Problem: unknown } } }).components.schemas.Problem);
    for (const code of ["RUN_NOT_FOUND", "THREAD_BUSY", "INTERNAL", "ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED"]) expect(text).toContain(`"${code}"`);
  });
});
