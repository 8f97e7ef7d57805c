import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { DEMO_USERS } from "../src/demo-users.ts";
import { openExample } from "./open-example.ts";

const FINANCE = DEMO_USERS["finance-viewer"];

const ENDS = [
  { question: "What is the budget of the finance department?", status: "completed", decisions: ["admitted", "allowed", "used", "verified"] },
  { question: "What is the price of winches?", status: "failed", decisions: ["admitted", "allowed", "rejected"] },
] as const;

/** The places at which something is put on record, in the order of the steps. */
const RECORDED = ["its user was admitted", "the documents were found", "the answer was decided about"];

const WAYS: Readonly<Record<string, (text: string) => readonly [path: string, body: object]>> = {
  workflow: (question) => ["/v1/runs", { workflowId: "governed-rag-answer", input: { question } }],
  assistant: (text) => ["/api/chat", { messages: [{ id: "1", role: "user", parts: [{ type: "text", text }] }], agentId: "governed-rag" }],
};

for (const [way, requestOf] of Object.entries(WAYS)) {
  for (const { question, status, decisions } of ENDS) {
    for (const [place, point] of RECORDED.entries()) {
      // The tool of the assistant begins the workflow anew wherever it was cut: its last point has all of it.
      if (way === "assistant" && place < RECORDED.length - 1) continue;
      test(`a run of the ${way} that ends as ${status} has each decision on record once, also where its process is killed once ${point}`, { timeout: 120_000 }, async (context) => {
        const before = await openExample(context);
        await before.close();
        const [path, body] = requestOf(question);
        const args = [join(import.meta.dirname, "dying-server.ts"), before.folder, path, JSON.stringify(body), String(place + 1)];
        const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
        context.after(() => child.kill("SIGKILL"));
        assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);

        const after = await openExample(context, { folder: before.folder });
        const { runs } = (await (await after.send(FINANCE, "/v1/runs")).json()) as { readonly runs: readonly { readonly id: string }[] };
        assert.equal(runs.length, 1);
        const runId = runs[0]?.id ?? "";
        await (await after.send(FINANCE, `/v1/runs/${runId}/events?offset=-1&live=sse`)).text();
        const ended = (await (await after.send(FINANCE, `/v1/runs/${runId}`)).json()) as { readonly status: string; readonly attempt: number };
        assert.deepEqual([ended.status, ended.attempt], [status, 2]);
        const rows = after.audit.list(runId);
        assert.deepEqual(
          rows.filter(({ decision }) => decision !== "refused").map(({ decision }) => decision),
          decisions,
        );
        assert.equal(rows.filter(({ decision }) => decision === "refused").length, 10);
        assert.equal(new Set(rows.map(({ decision, docId, reason }) => JSON.stringify([decision, docId, reason]))).size, rows.length);
      });
    }
  }
}
