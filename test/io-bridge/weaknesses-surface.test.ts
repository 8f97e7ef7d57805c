import { expect, test } from "vitest";
import { BRIDGE_ROUTES } from "../../src/protocols/io-bridge/route-table.ts";
import { holdfast, urlOf } from "../cli/holdfast.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string; readonly responses: Readonly<Record<string, unknown>> }>>>>;
}

test("holdfast serve has the same ten routes for any server and any language: described in its OpenAPI document, beside /metrics, /healthz and /readyz", async () => {
  const url = await urlOf(holdfast(["serve", "--port", "0", "--store", "memory"]));
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(BRIDGE_ROUTES).toHaveLength(10);
  for (const { method, path } of BRIDGE_ROUTES) {
    const written = `/io-bridge${path.replace(/:(\w+)/g, "{$1}")}`;
    const operation = document.paths[written]?.[method.toLowerCase()];
    expect(operation?.operationId, `${method} ${path}`).toMatch(/bridge/i);
    const body = method === "GET" || method === "DELETE" ? {} : { body: "{}" };
    const response = await fetch(`${url}/io-bridge${path.replace(/:\w+/g, "nothing")}`, { method, ...body });
    const answer = (await response.json()) as { readonly code?: string };
    // A route that is not there is a problem; these answer in the bridge's own words.
    expect([method, path, response.headers.get("content-type")?.split(";")[0]]).toEqual([method, path, "application/json"]);
    expect(Object.keys(operation?.responses ?? {})).toContain(String(response.status));
    if (!response.ok) expect(answer.code).toMatch(/^[A-Z_]+$/);
  }
  const run = { runId: "r1", messages: [{ id: "q1", role: "user", content: "Hi" }], forwardedProps: { agentId: "assistant" } };
  const answered = await fetch(`${url}/io-bridge/run`, { method: "POST", body: JSON.stringify(run) });
  expect(await answered.text()).toContain('"type":"RUN_FINISHED"');
  for (const path of ["/metrics", "/healthz", "/readyz"]) expect((await fetch(`${url}${path}`)).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('holdfast_runs_ended_total{agent="assistant",status="completed"} 1');
});
