import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Command, Told } from "./race/child.ts";
import { Racer } from "./racer.ts";

const CHILD = fileURLToPath(new URL("race/child.ts", import.meta.url));
const RACES = 50;
// Long enough for both lines to arrive on a busy machine.
const NOTICE_MS = 20;

test(`of two answers raced from two processes one wins, ${RACES} times, and the tool runs once each time that it says yes`, { timeout: 300_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-race-"));
  const racers = [new Racer<Command, Told>(CHILD, directory), new Racer<Command, Told>(CHILD, directory)] as const;
  await Promise.all(racers.map((racer) => racer.ready()));
  const yes = { approved: true };
  const no = { approved: false };
  const expectedKeys: string[] = [];
  for (let race = 0; race < RACES; race += 1) {
    const { interruptId = "", runId: asking } = await racers[race % 2 === 0 ? 0 : 1].tell({ do: "ask", threadId: `thread-${race}` });
    const isEqual = race % 3 === 0;
    const at = Date.now() + NOTICE_MS;
    const told = await Promise.all(racers.map((racer, index) => racer.tell({ do: "answer", interruptId, answer: index === 0 || isEqual ? yes : no, at })));
    const winners = told.filter(({ status }) => status === 200);
    expect(told.map(({ status = 0 }) => status).toSorted((left, right) => left - right)).toEqual(isEqual ? [200, 200] : [200, 409]);
    expect(new Set(winners.map(({ runId }) => runId)).size, "one run goes on").toBe(1);
    expect(await racers[0].tell({ do: "follow", runId: winners[0]?.runId ?? "" })).toEqual({ end: "run-completed" });
    if (isEqual || told[0]?.status === 200) expectedKeys.push(`${asking ?? ""}:c1`);
  }
  await Promise.all(racers.map((racer) => racer.leave()));
  const paid = readFileSync(join(directory, "paid.log"), "utf8").split("\n").filter(Boolean);
  expect(paid.toSorted()).toEqual(expectedKeys.toSorted());
  rmSync(directory, { recursive: true, force: true });
});
