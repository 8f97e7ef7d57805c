import type { JsonSchema } from "../../core/json-schema.ts";
import type { RouteDocument } from "../../core/route-description.ts";
import { operationOf } from "./operation.ts";
import { PROBLEM } from "./problems.ts";

/** The routes of one prefix. */
export interface DescribedRoutes {
  readonly path: string;
  readonly openapi: RouteDocument;
}

/** The interface's own version, which is that of its prefix `/v1`: it changes with what clients must send, not with each release. */
const INTERFACE_VERSION = "1";

const INTRODUCTION =
  "Durable runs for Mastra agents. Whatever has no answer of a protocol's own is refused as a problem `{ error: { code, message } }`. " +
  "A server that runs without authentication takes requests without credentials.";

/** The OpenAPI 3.1 document of a server with these routes. See https://spec.openapis.org/oas/v3.1.1.html. */
export function openApiDocument(described: readonly DescribedRoutes[]): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const schemas: Record<string, JsonSchema> = { Problem: PROBLEM };
  const tags = new Map<string, JsonSchema>();
  for (const { path: prefix, openapi } of described) {
    const { name, description } = openapi.tag;
    tags.set(name, { name, description });
    Object.assign(schemas, openapi.schemas);
    for (const route of openapi.routes) {
      const path = `${prefix}${route.path}`;
      paths[path] = { ...paths[path], [route.method]: operationOf(route, name) };
    }
  }
  return {
    openapi: "3.1.1",
    info: { title: "Holdfast", version: INTERFACE_VERSION, description: INTRODUCTION },
    servers: [{ url: "/" }],
    tags: [...tags.values()],
    security: [{ bearer: [] }],
    paths,
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } }, schemas },
  };
}
