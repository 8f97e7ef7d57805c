import { once } from "node:events";
import { get } from "node:http";
import { join } from "node:path";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { holdfast, newFolder, project, startRun, urlOf } from "./holdfast.ts";
import { BUNDLER_PROJECT, PLAIN_MODULE } from "./modules.ts";

const LINE = /^holdfast listening on http:\/\/127\.0\.0\.1:\d+\n$/;

async function statusOf(url: string, host: string): Promise<number | undefined> {
  const request = get(url, { headers: { host } });
  const [response] = (await once(request, "response")) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

describe("holdfast serve", () => {
  test("serves a demo, says so in one line, and ends with 0 at SIGTERM", async () => {
    const cli = holdfast(["serve", "--port", "0"]);
    const url = await urlOf(cli);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await startRun(url, "hello");
    const { runs } = (await (await fetch(`${url}/v1/runs`)).json()) as { runs: unknown[] };
    expect(runs).toMatchObject([{ agentId: "assistant", threadId: "chat-1", status: "running" }]);
    cli.child.kill("SIGTERM");
    const ended = await cli.ended;
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(LINE) as string });
  });

  test("ends at once at a second signal", async () => {
    const cli = holdfast(["serve", "--port", "0"]);
    await startRun(await urlOf(cli), "Tell me a story");
    cli.child.kill("SIGINT");
    await cli.printed("stderr", /shutting down/);
    cli.child.kill("SIGTERM");
    expect(await cli.ended).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  test.each([
    ["a module that Node loads as it is", { "mastra.mjs": PLAIN_MODULE }, "mastra.mjs"],
    ["modules that only a bundler resolves", BUNDLER_PROJECT, "mastra.ts"],
  ])("serves the agents of %s, found from another folder", async (_, files, module) => {
    const cli = holdfast(["serve", "--port", "0", "--store", "memory", "--mastra", join(project(files), module)]);
    const url = await urlOf(cli);
    const runId = await startRun(url, "Report");
    const answer = await (await fetch(`${url}/api/chat/${runId}/stream?startIndex=0`)).text();
    expect(answer).toContain('"type":"finish"');
    expect([...answer.matchAll(/"delta":"([^"]*)"/g)].map(([, delta]) => delta).join("")).toBe("All is well.");
    expect(await (await fetch(`${url}/v1/runs/${runId}`)).json()).toMatchObject({ agentId: "watchman", status: "completed" });
  });

  test("lets only those in whose token it can check", async () => {
    const secret = "a secret of at least thirty-two bytes";
    const cli = holdfast(["serve", "--port", "0", "--auth", "jwt"], { env: { HOLDFAST_JWT_SECRET: secret } });
    const url = await urlOf(cli);
    const token = await new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
    expect((await fetch(`${url}/v1/runs`)).status).toBe(401);
    expect((await fetch(`${url}/v1/runs`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  test("without authentication answers neither to a foreign host name nor to a foreign page", async () => {
    const url = `${await urlOf(holdfast(["serve", "--port", "0", "--store", "memory"]))}/v1/runs`;
    expect(await statusOf(url, "localhost")).toBe(200);
    expect(await statusOf(url, "rebound.example.com")).toBe(403);
    expect((await fetch(url, { headers: { origin: "https://example.com" } })).status).toBe(403);
    expect((await fetch(url, { headers: { origin: "http://localhost:3000" } })).status).toBe(200);
  });

  test("a second server on the same store serves the same runs", async () => {
    const store = `sqlite:${join(newFolder(), "shared.db")}`;
    const [first, second] = [holdfast(["serve", "--port", "0", "--store", store]), holdfast(["serve", "--port", "0", "--store", store])];
    const runId = await startRun(await urlOf(first), "hello");
    expect(await (await fetch(`${await urlOf(second)}/v1/runs/${runId}`)).json()).toMatchObject({ id: runId });
  });
});
