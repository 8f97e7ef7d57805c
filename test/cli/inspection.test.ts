import { join } from "node:path";
import { expect, test } from "vitest";
import { holdfast, newFolder, project, startRun, urlOf } from "./holdfast.ts";
import { PLAIN_MODULE } from "./modules.ts";

interface PrintedEntry {
  readonly offset: string;
  readonly attempt: number;
  readonly event: { readonly type: string; readonly text?: string };
}

function linesOf<Line>(stdout: string): Line[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

test("runs lists the runs of a store while a server works on it", async () => {
  const cwd = newFolder();
  const runId = await startRun(await urlOf(holdfast(["serve", "--port", "0"], { cwd })), "Tell me a story");

  const table = await holdfast(["runs"], { cwd }).ended;
  expect(table.code).toBe(0);
  const [header, row] = table.stdout.split("\n");
  expect(header).toMatch(/^RUN +STATUS +ATTEMPT +AGENT +THREAD +CREATED +ENDED$/);
  expect(row).toMatch(new RegExp(`^${runId} +running +1 +assistant +chat-1 +\\d{4}-`));

  const json = await holdfast(["runs", "--json", "--status", "running"], { cwd }).ended;
  expect(linesOf(json.stdout)).toMatchObject([{ id: runId, resourceId: "local", status: "running" }]);
  const none = await holdfast(["runs", "--json", "--status", "failed,canceled"], { cwd }).ended;
  expect(none).toMatchObject({ code: 0, stdout: "" });
});

test("tail prints a live run to its end, every event once and in order", async () => {
  const cwd = newFolder();
  const server = holdfast(["serve", "--port", "0"], { cwd });
  const url = await urlOf(server);
  const runId = await startRun(url, "hello");
  const tail = holdfast(["tail", runId, "--json"], { cwd });
  await tail.printed("stdout", /run-started/);
  expect(await (await fetch(`${url}/v1/runs/${runId}`)).json()).toMatchObject({ status: "running" });

  const { code, stdout } = await tail.ended;
  expect(code).toBe(0);
  const entries = linesOf<PrintedEntry>(stdout);
  expect(entries.map(({ offset }) => Number(offset))).toEqual(entries.map((_, index) => index + 1));
  expect(entries.at(-1)?.event.type).toBe("run-completed");
  const text = entries.map(({ event }) => (event.type === "text-delta" ? event.text : "")).join("");
  expect(text).toContain("Let me look that up.");
  expect(text).toContain("5 * 7 = 35.");
});

test("tail of a run that ended prints all of it for people, and ends", async () => {
  const store = join(newFolder(), "runs.db");
  const url = await urlOf(holdfast(["serve", "--port", "0", "--store", store, "--mastra", join(project({ "m.mjs": PLAIN_MODULE }), "m.mjs")]));
  const runId = await startRun(url, "Report");
  await (await fetch(`${url}/api/chat/${runId}/stream?startIndex=0`)).text();
  const { code, stdout } = await holdfast(["tail", runId, "--store", `sqlite:${store}`]).ended;
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toContain("run-started        agent watchman, thread chat-1");
  expect(lines.at(-1)).toContain("run-completed");
});

test("tail of an unknown run says so", async () => {
  const cwd = newFolder();
  await urlOf(holdfast(["serve", "--port", "0"], { cwd }));
  const ended = await holdfast(["tail", "run-0"], { cwd }).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("There is no run run-0") as string });
});
