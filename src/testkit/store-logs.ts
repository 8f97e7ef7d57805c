import { expect } from "vitest";
import type { RunEvent, TerminalEvent } from "../core/event.ts";
import { START, type Offset } from "../core/offset.ts";
import type { TerminalStatus } from "../core/run.ts";
import type { RunStore } from "../core/store.ts";
import type { StoreCases } from "./store-case.ts";
import {
  ALL,
  appendOf,
  claimedIds,
  eventsOf,
  interruptsOf,
  LEASE_MS,
  NODE_A,
  NODE_B,
  sampleInterrupt,
  sampleRun,
  startedRun,
  textDelta,
} from "./store-samples.ts";

const ENDS: readonly (readonly [TerminalEvent, TerminalStatus])[] = [
  [{ type: "run-completed", finishReason: "stop" }, "completed"],
  [{ type: "run-failed", error: { code: "AGENT_FAILED", message: "The model refused." } }, "failed"],
  [{ type: "run-canceled", reason: "asked" }, "canceled"],
  [{ type: "run-suspended", interrupts: [sampleInterrupt("i-1"), sampleInterrupt("i-2")] }, "suspended"],
];

async function readInPages(store: RunStore, runId: string, size: number): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  let after: Offset = START;
  for (;;) {
    const page = await store.readEntries(runId, after, size);
    for (const { event, offset } of page) {
      expect(offset).toBeGreaterThan(after);
      events.push(event);
      after = offset;
    }
    if (page.length < size) return events;
  }
}

export const logInvariants: StoreCases = {
  "the log of a run is dense and append-only: no hole, no duplicate, no reorder": async ({ store, other, clock }) => {
    const one = await startedRun(store, sampleRun("one"));
    const two = await startedRun(store, sampleRun("two"));
    let lease = one.lease;
    const expected = [...(await eventsOf(store, "one"))];
    for (let round = 0; round < 12; round += 1) {
      const events = Array.from({ length: round % 4 }, (_, index) => textDelta(`${round}.${index}`));
      const handle = round % 2 === 0 ? store : other;
      await handle.append([appendOf(lease, ...events), appendOf(two.lease, textDelta("of the other run")), appendOf(lease, textDelta(`${round}.last`))]);
      expected.push(...events, textDelta(`${round}.last`));
      if (round === 6) {
        await store.releaseLease(lease);
        lease = (await store.claimRuns(NODE_A, ALL))[0]?.lease ?? lease;
      }
      clock.advance(1);
    }
    expect(lease.epoch).toBe(2);
    for (const size of [1, 3, 7, 1_000]) {
      expect(await readInPages(store, "one", size)).toEqual(expected);
      expect(await readInPages(other, "one", size)).toEqual(expected);
    }
    const entries = await store.readEntries("one", START, 1_000);
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
    expect(await store.lastOffset("one")).toBe(entries.at(-1)?.offset);
  },

  "an append under a stale epoch is refused and writes nothing": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    clock.advance(LEASE_MS);
    const [taken] = await other.claimRuns(NODE_B, ALL);
    const before = await store.readEntries("run", START, 100);
    const run = await store.getRun("run");
    for (const epoch of [0, lease.epoch, lease.epoch + 2]) {
      expect(await store.append([{ runId: "run", epoch, events: [textDelta("late")] }])).toEqual([{ outcome: "fenced" }]);
      expect(await store.append([{ runId: "run", epoch, events: [{ type: "run-completed" }] }])).toEqual([{ outcome: "fenced" }]);
    }
    expect(await store.readEntries("run", START, 100)).toEqual(before);
    expect(await store.getRun("run")).toEqual(run);
    expect(taken?.lease.epoch).toBe(lease.epoch + 1);
    const [result] = await other.append([{ runId: "run", epoch: lease.epoch + 1, events: [textDelta("in time")] }]);
    expect(result?.outcome).toBe("appended");
  },

  "a batch commits whole, and a refused append of the batch does not hold back the others": async ({ store }) => {
    const first = await startedRun(store, sampleRun("first"));
    const third = await startedRun(store, sampleRun("third"));
    const stale = { runId: "first", epoch: 7 };
    const unknown = { runId: "nowhere", epoch: 1 };
    const results = await store.append([
      appendOf(first.lease, textDelta("a"), textDelta("b")),
      appendOf(stale, textDelta("x")),
      appendOf(unknown, textDelta("y")),
      appendOf(third.lease, textDelta("c")),
      appendOf(first.lease, textDelta("d")),
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["appended", "fenced", "fenced", "appended", "appended"]);
    expect((await eventsOf(store, "first")).slice(2)).toEqual([textDelta("a"), textDelta("b"), textDelta("d")]);
    expect((await eventsOf(store, "third")).slice(2)).toEqual([textDelta("c")]);
    // A batch that cannot be written leaves nothing of itself behind.
    const wrong = appendOf(third.lease, { type: "run-completed" }, textDelta("behind the end"));
    await expect(store.append([appendOf(first.lease, textDelta("e")), wrong])).rejects.toMatchObject({ code: "INTERNAL" });
    expect((await eventsOf(store, "first")).length).toBe(5);
    expect((await store.getRun("third"))?.status).toBe("running");
  },

  "a terminal event ends the run in the same transaction, and nothing is appended after it": async ({ store, other, clock }) => {
    for (const [end, status] of ENDS) {
      const { run, lease } = await startedRun(store, sampleRun(`run-${status}`));
      clock.advance(5);
      const [result] = await store.append([appendOf(lease, textDelta("last words"), end)]);
      expect(result).toMatchObject({ outcome: "appended", end });
      const ended = await other.getRun(run.id);
      const error = end.type === "run-failed" ? { error: end.error } : {};
      expect(ended).toEqual({ ...run, status, endedAt: clock.now(), ...error });
      expect(await other.renewLeases(NODE_A, [lease])).toEqual([]);
      expect(await store.releaseLease(lease)).toBe(false);
      expect(await store.append([appendOf(lease, textDelta("after"))])).toEqual([{ outcome: "fenced" }]);
      expect(await store.append([appendOf(lease, end)])).toEqual([{ outcome: "fenced" }]);
      clock.advance(LEASE_MS * 2);
      expect(await claimedIds(other)).toEqual([]);
      expect((await eventsOf(other, run.id)).at(-1)).toEqual(end);
    }
    const both = await startedRun(store, sampleRun("twice"));
    const results = await store.append([appendOf(both.lease, { type: "run-completed" }), appendOf(both.lease, textDelta("after"))]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["appended", "fenced"]);
  },
};

export const logCases: StoreCases = {
  "an append gives back the entries as they are read later": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const opening = await store.readEntries("run", START, 10);
    clock.advance(9);
    const [result] = await store.append([appendOf(lease, textDelta("a"), textDelta("b"))]);
    const appended = result?.outcome === "appended" ? result.entries : [];
    expect(appended.map(({ attempt, at }) => ({ attempt, at }))).toEqual(Array.from({ length: 2 }, () => ({ attempt: 1, at: clock.now() })));
    expect(await other.readEntries("run", START, 10)).toEqual([...opening, ...appended]);
    expect(await other.readEntries("run", appended[0]?.offset ?? START, 10)).toEqual(appended.slice(1));
    expect(await other.lastOffset("run")).toBe(appended[1]?.offset);
  },

  "an append without events checks the fence and writes nothing": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const last = await store.lastOffset("run");
    expect(await store.append([appendOf(lease)])).toEqual([{ outcome: "appended", entries: [] }]);
    expect(await store.append([appendOf({ ...lease, epoch: 2 })])).toEqual([{ outcome: "fenced" }]);
    expect(await store.append([])).toEqual([]);
    expect(await store.lastOffset("run")).toBe(last);
  },

  "a holder whose lease ran out keeps the right to append until somebody claims": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    clock.advance(LEASE_MS * 5);
    expect((await store.append([appendOf(lease, textDelta("slow"))]))[0]?.outcome).toBe("appended");
    expect(await claimedIds(other)).toEqual(["run"]);
    expect(await store.append([appendOf(lease, textDelta("too slow"))])).toEqual([{ outcome: "fenced" }]);
  },

  "a run that was given back or never claimed takes no append": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    expect(await store.releaseLease(lease)).toBe(true);
    await store.createRun(sampleRun("pending"));
    expect(await store.append([appendOf(lease, textDelta("x")), appendOf({ runId: "pending", epoch: 0 }, textDelta("x"))])).toEqual([
      { outcome: "fenced" },
      { outcome: "fenced" },
    ]);
  },

  "an event comes back as it was, whatever its text holds": async ({ store, other }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const texts = ["", "\0 zero \0", "zwölf 🐘 \u{1F468}\u200D\u{1F469}", "\uD83D", "\u2028'\"\\", "x".repeat(300_000)];
    const nested = { type: "tool-call", toolCallId: "c", toolName: "t", input: { list: [1, -0.5, 1e21, null, true, { deep: ["ä"] }], empty: {} } } as const;
    const events: readonly RunEvent[] = [...texts.map(textDelta), nested];
    await store.append([{ ...lease, events, isDurable: true }]);
    expect((await eventsOf(other, "run")).slice(2)).toEqual(events);
  },

  "an event that is changed after it was appended stays in the log as it was": async ({ store }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    const output = { count: 1 };
    await store.append([appendOf(lease, { type: "tool-result", toolCallId: "c", toolName: "t", output })]);
    output.count = 2;
    expect((await eventsOf(store, "run")).at(-1)).toMatchObject({ output: { count: 1 } });
  },

  "a suspended run has the interrupts that its last event asks": async ({ store, other, clock }) => {
    const { lease } = await startedRun(store, sampleRun("run"));
    expect(await interruptsOf(store, "run")).toEqual([]);
    const asked = [sampleInterrupt("z"), sampleInterrupt("a")];
    await store.append([appendOf(lease, { type: "run-suspended", interrupts: asked })]);
    const stored = { runId: "run", threadId: "thread-of-run", agentId: "agent-1", resourceId: "resource-1", status: "pending", createdAt: clock.now() };
    expect(await interruptsOf(other, "run")).toEqual(asked.map((request) => ({ ...request, ...stored })));
  },

  "an unknown run has no entries, no offset and no interrupts": async ({ store }) => {
    expect(await store.readEntries("nowhere", START, 10)).toEqual([]);
    expect(await store.lastOffset("nowhere")).toBeUndefined();
    expect(await interruptsOf(store, "nowhere")).toEqual([]);
  },
};
