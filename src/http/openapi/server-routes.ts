import { objectOf, type JsonSchema } from "../../core/json-schema.ts";
import { jsonResponse, type RouteDocument } from "../../core/route-description.ts";

function saying(status: string): JsonSchema {
  return objectOf({ status: { type: "string", const: status } });
}

/** What a server tells of itself, to anybody. */
export const SERVER_ROUTES: RouteDocument = {
  tag: { name: "server", description: "What the server tells of itself." },
  schemas: {},
  routes: [
    {
      method: "get",
      path: "/healthz",
      id: "getHealth",
      summary: "Whether the process lives",
      responses: { 200: jsonResponse("It does.", saying("ok")) },
      isPublic: true,
    },
    {
      method: "get",
      path: "/readyz",
      id: "getReadiness",
      summary: "Whether the process can serve",
      responses: { 200: jsonResponse("It can.", saying("ready")) },
      problems: ["SHUTTING_DOWN", "STORE_UNAVAILABLE"],
      isPublic: true,
    },
    {
      method: "get",
      path: "/metrics",
      id: "getMetrics",
      summary: "What the process has counted, for Prometheus",
      responses: { 200: { says: "Prometheus' text format 0.0.4.", content: { "text/plain": { type: "string" } } } },
      isPublic: true,
    },
    {
      method: "get",
      path: "/openapi.json",
      id: "getOpenApi",
      summary: "This document",
      responses: { 200: jsonResponse("An OpenAPI 3.1 document.", { type: "object" }) },
      isPublic: true,
    },
  ],
};
