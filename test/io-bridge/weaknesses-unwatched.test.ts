import { afterEach, describe, expect, test, vi } from "vitest";
import { hang, say } from "../../src/testkit/scripted-model.ts";
import { runBody, startRun, textOf } from "./events.ts";
import { runNamed } from "./holding.ts";
import { hosts, json, MOUNTS } from "./host.ts";

const { open, close } = hosts();
afterEach(close);

const UNWATCHED_MS = 400;
const ANN = { resourceId: "ann" };

describe.each(MOUNTS)("through %s", (mount) => {
  test("a run that nobody watches any more is canceled once its time is over, its partial answer is kept, and one that is watched goes on", async () => {
    const engine = { unwatchedRunMs: UNWATCHED_MS, leaseTimes: { leaseMs: 5_000, sweepMs: 20 } };
    const host = await open({ mount, script: () => [say("On and "), hang()], engine });
    const [watched, left] = [runBody({ protocolVersion: "1.0" }), runBody({ protocolVersion: "1.0" })];
    const staying = await startRun(host, watched);
    await staying.until("TEXT_MESSAGE_CONTENT");
    const leaving = await startRun(host, left);
    await leaving.until("TEXT_MESSAGE_CONTENT");
    await leaving.drop();
    const run = await runNamed(host, left.runId);
    expect(run.status).toBe("running");
    await vi.waitFor(async () => expect((await host.engine.getRun(ANN, run.id)).status).toBe("canceled"), { timeout: 10_000 });

    const events = await (await startRun(host, left)).rest();
    expect(textOf(events)).toBe("On and ");
    expect(events.at(-1)).toMatchObject({
      type: "RUN_FINISHED",
      outcome: { type: "cancelled" },
      metadata: { holdfast: { reason: `nobody followed the run for ${UNWATCHED_MS} ms` } },
    });
    const stored = await json<{ role: string; content: unknown }[]>(await host.send("GET", `/io-bridge/threads/${left.threadId}/messages`));
    expect(stored.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(JSON.stringify(stored[1]?.content)).toContain("On and");
    expect(await host.engine.listAudit(ANN, run.id)).toMatchObject([{ action: "canceled", actor: "system" }]);
    expect(await runNamed(host, watched.runId)).toMatchObject({ status: "running", cancelRequested: false });
    await staying.drop();
  });
});
