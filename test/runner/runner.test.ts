import { afterEach, describe, expect, test } from "vitest";
import type { AttemptContext } from "../../src/core/agent-source.ts";
import { HoldfastError } from "../../src/core/error.ts";
import { isTerminalEvent } from "../../src/core/event.ts";
import type { RunStore } from "../../src/core/store.ts";
import { MemoryRunStore } from "../../src/stores/memory/store.ts";
import { faultyStore } from "../../src/testkit/faulty-store.ts";
import { newRun, openNode, type TestNode } from "./node.ts";
import { say, scriptedSource, stopped } from "./scripted-source.ts";

const nodes: TestNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((opened) => opened.close()));
});

function node(...args: Parameters<typeof openNode>): TestNode {
  const opened = openNode(...args);
  nodes.push(opened);
  return opened;
}

describe("the runner", () => {
  test("a run goes from its start to exactly one terminal event", async () => {
    const store = await MemoryRunStore.open();
    const { runner, readToEnd } = node(
      store,
      scriptedSource((attempt) => say(attempt, ["a", "b"])),
    );
    const run = newRun();
    expect((await runner.start(run)).outcome).toBe("created");
    const entries = await readToEnd(run.id);
    expect(entries.map((entry) => entry.event.type)).toEqual([
      "run-started",
      "attempt-started",
      "step-started",
      "text-start",
      "text-delta",
      "text-end",
      "model-finished",
      "step-finished",
      "run-completed",
    ]);
    expect(entries.filter((entry) => isTerminalEvent(entry.event))).toHaveLength(1);
    expect(entries.at(-1)?.event).toEqual({ type: "run-completed", finishReason: "stop", usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } });
    expect((await store.getRun(run.id))?.status).toBe("completed");
  });

  test("an agent that throws ends its run as failed, without its stack", async () => {
    const store = await MemoryRunStore.open();
    const { runner, readToEnd, problems } = node(
      store,
      scriptedSource(() => Promise.reject(new Error("secret /etc/passwd"))),
    );
    const run = newRun();
    await runner.start(run);
    const last = (await readToEnd(run.id)).at(-1)?.event;
    expect(last).toEqual({ type: "run-failed", error: { code: "AGENT_FAILED", message: "The agent could not be executed." } });
    expect(problems).toHaveLength(1);
  });

  test("a cancel stops the agent, keeps what it said, and ends the run as canceled once", async () => {
    const store = await MemoryRunStore.open();
    const { runner, readToEnd } = node(
      store,
      scriptedSource(async (attempt) => {
        void attempt.emit({ type: "step-started", step: 0 });
        void attempt.emit({ type: "text-start", id: "t" });
        void attempt.emit({ type: "text-delta", id: "t", text: "part" });
        void runner.cancel(attempt.run.id, "ann");
        return stopped(attempt);
      }),
    );
    const run = newRun();
    await runner.start(run);
    const types = (await readToEnd(run.id)).map((entry) => entry.event.type);
    expect(types.slice(-2)).toEqual(["text-delta", "run-canceled"]);
    expect((await store.getRun(run.id))?.status).toBe("canceled");
  });

  test("a cancel that another node accepts reaches the node that runs", async () => {
    const store = await MemoryRunStore.open();
    const first = node(store, scriptedSource(stopped));
    const second = node(store, scriptedSource(stopped));
    const run = newRun();
    await first.runner.start(run);
    await second.runner.cancel(run.id, "ann");
    expect((await first.readToEnd(run.id)).at(-1)?.event.type).toBe("run-canceled");
  });

  test("a queued run starts when the run before it has ended", async () => {
    const store = await MemoryRunStore.open();
    const order: string[] = [];
    const { runner, readToEnd } = node(
      store,
      scriptedSource((attempt) => {
        order.push(attempt.run.id);
        return say(attempt, ["x"]);
      }),
    );
    const first = newRun();
    const second = newRun({ threadId: first.threadId, onBusyThread: "queue" });
    await runner.start(first);
    await runner.start(second);
    await readToEnd(second.id);
    expect(order).toEqual([first.id, second.id]);
  });

  test("with cancel-previous the active run is canceled and the next one runs", async () => {
    const store = await MemoryRunStore.open();
    const first = newRun();
    const { runner, readToEnd } = node(
      store,
      scriptedSource((attempt) => (attempt.run.id === first.id ? stopped(attempt) : say(attempt, ["x"]))),
    );
    await runner.start(first);
    const second = newRun({ threadId: first.threadId, onBusyThread: "cancel-previous" });
    await runner.start(second);
    expect((await readToEnd(first.id)).at(-1)?.event.type).toBe("run-canceled");
    expect((await readToEnd(second.id)).at(-1)?.event.type).toBe("run-completed");
  });

  test("runs beyond the limit of a process wait and run later", async () => {
    const store = await MemoryRunStore.open();
    let active = 0;
    let most = 0;
    const { runner, readToEnd } = node(
      store,
      scriptedSource(async (attempt) => {
        active += 1;
        most = Math.max(most, active);
        await attempt.emit({ type: "step-started", step: 0 });
        await attempt.commit();
        active -= 1;
        return { outcome: "completed" };
      }),
      { maxConcurrentRuns: 2 },
    );
    const runs = Array.from({ length: 6 }, () => newRun());
    await Promise.all(runs.map((run) => runner.start(run)));
    const ends = await Promise.all(runs.map(async (run) => (await readToEnd(run.id)).at(-1)?.event.type));
    expect(ends).toEqual(runs.map(() => "run-completed"));
    expect(most).toBeLessThanOrEqual(2);
  });

  test("a store that fails for a moment costs a run nothing", async () => {
    const store = faultyStore(await MemoryRunStore.open());
    const { runner, readToEnd } = node(
      store,
      scriptedSource(async (attempt) => {
        await attempt.emit({ type: "data", name: "before", data: 1 });
        await attempt.commit();
        store.failNext("append", 4);
        return say(attempt, ["a", "b", "c"]);
      }),
    );
    const run = newRun();
    await runner.start(run);
    const entries = await readToEnd(run.id);
    expect(entries.map((entry) => entry.offset)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.at(-1)?.event.type).toBe("run-completed");
    const text = entries.flatMap(({ event }) => (event.type === "text-delta" ? [event.text] : [])).join("");
    expect(text).toBe("abc");
  });

  test("a drain lets a short run end and hands a long one over at once", async () => {
    const store = await MemoryRunStore.open();
    const long = newRun();
    const short = newRun();
    const gate = Promise.withResolvers<void>();
    const first = openNode(
      store,
      scriptedSource(async (attempt) => {
        if (attempt.run.id === long.id) return stopped(attempt);
        await gate.promise;
        return say(attempt, ["short"]);
      }),
      // A lease that would hold for ever shows that the run was given back, not found expired.
      { leaseTimes: { leaseMs: 3_600_000, sweepMs: 40 } },
    );
    await first.runner.start(long);
    await first.runner.start(short);
    const drained = first.runner.drain(300);
    gate.resolve();
    await expect(first.runner.start(newRun())).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    await drained;
    const second = node(
      store,
      scriptedSource((attempt) => say(attempt, ["again"])),
    );
    expect((await second.readToEnd(short.id)).filter((entry) => entry.event.type === "attempt-started")).toHaveLength(1);
    const entries = await second.readToEnd(long.id);
    expect(entries.filter((entry) => entry.event.type === "attempt-started")).toHaveLength(2);
    expect(entries.at(-1)?.event.type).toBe("run-completed");
    expect((await store.getRun(long.id))?.crashes).toBe(0);
  });

  test("an attempt that lost its lease writes nothing more", async () => {
    const store = await MemoryRunStore.open();
    const first = Promise.withResolvers<AttemptContext>();
    const frozen = openNode(
      store,
      scriptedSource((attempt) => {
        first.resolve(attempt);
        return new Promise(() => undefined);
      }),
      { leaseTimes: { leaseMs: 60, sweepMs: 3_600_000 } },
    );
    const run = newRun();
    await frozen.runner.start(run);
    const attempt = await first.promise;
    const taker = node(
      store,
      scriptedSource((next) => say(next, ["taken over"])),
    );
    const before = await taker.readToEnd(run.id);
    void attempt.emit({ type: "data", name: "late", data: "zombie" });
    await expect(attempt.commit()).rejects.toThrow("no longer holds the lease");
    expect(await taker.readToEnd(run.id)).toEqual(before);
    expect(attempt.signal.aborted).toBe(true);
  });

  test("a run that crashes its process three times ends failed, with what it said kept", async () => {
    const store = await MemoryRunStore.open();
    const run = newRun();
    const claim = { owner: "dead", leaseMs: 1 };
    await store.createRun(run, claim);
    await store.append([
      {
        runId: run.id,
        epoch: 1,
        events: [
          { type: "step-started", step: 0 },
          { type: "text-start", id: "t" },
          { type: "text-delta", id: "t", text: "kept" },
        ],
      },
    ]);
    for (const owner of ["dead-2", "dead-3"]) {
      await expect.poll(async () => (await store.claimRuns({ owner, leaseMs: 1 }, { limit: 1, pendingLimit: 0 })).length).toBe(1);
    }
    const { readToEnd } = node(
      store,
      scriptedSource((attempt) => say(attempt, ["never"])),
    );
    const entries = await readToEnd(run.id);
    expect(entries.at(-1)?.event).toMatchObject({ type: "run-failed", error: { code: "RUN_POISONED" } });
    expect(entries.some((entry) => entry.event.type === "text-delta" && entry.event.text === "kept")).toBe(true);
  });

  test("a store that stays away ends the attempt, and the run goes on once it is back", async () => {
    const inner = await MemoryRunStore.open();
    const store = faultyStore(inner);
    let isDown = false;
    store.failWhile(() => isDown);
    let attempts = 0;
    const { readToEnd, runner } = node(
      store,
      scriptedSource(async (attempt) => {
        attempts += 1;
        if (attempts === 1) {
          isDown = true;
          setTimeout(() => {
            isDown = false;
          }, 700);
        }
        return say(attempt, ["x"]);
      }),
    );
    const run = newRun();
    await runner.start(run);
    const entries = await readToEnd(run.id);
    expect(entries.at(-1)?.event.type).toBe("run-completed");
    expect(entries.filter((entry) => entry.event.type === "run-completed")).toHaveLength(1);
  });

  test("a cancel of a run that has ended changes nothing", async () => {
    const store: RunStore = await MemoryRunStore.open();
    const { runner, readToEnd } = node(
      store,
      scriptedSource((attempt) => say(attempt, ["x"])),
    );
    const run = newRun();
    await runner.start(run);
    const before = await readToEnd(run.id);
    expect((await runner.cancel(run.id, "ann"))?.status).toBe("completed");
    expect(await runner.cancel("run_unknown", "ann")).toBeUndefined();
    expect(await readToEnd(run.id)).toEqual(before);
  });
});

test("errors keep their code over two copies of the package", () => {
  expect(HoldfastError.is(new HoldfastError("RUN_ENDED", "over"))).toBe(true);
  expect(HoldfastError.is(new Error("over"))).toBe(false);
});
