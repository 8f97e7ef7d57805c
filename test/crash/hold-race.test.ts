import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { Command, Told } from "./hold-race/child.ts";
import { Racer } from "./racer.ts";

const CHILD = fileURLToPath(new URL("hold-race/child.ts", import.meta.url));
const RACES = 20;
const HOLD_MS = 60;

let directory = "";
const racers: Racer<Command, Told>[] = [];

afterEach(() => {
  for (const racer of racers.splice(0)) racer.kill();
  rmSync(directory, { recursive: true, force: true });
});

test(
  `an answer that races the end of the hold over two processes, ${RACES} times, is executed once, and the thread gets all of it`,
  { timeout: 300_000 },
  async () => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-hold-race-"));
    const [one, two] = [new Racer<Command, Told>(CHILD, directory), new Racer<Command, Told>(CHILD, directory)] as const;
    racers.push(one, two);
    await Promise.all(racers.map((racer) => racer.ready()));
    const ways = new Set<"before" | "meanwhile" | "after">();
    for (let race = 0; race < RACES; race += 1) {
      const [asking, answering] = race % 2 === 0 ? [one, two] : [two, one];
      const asked = await asking.tell({ do: "ask", threadId: `thread-${race}`, holdMs: HOLD_MS });
      // From just before the end of the hold to where the half of the answer is in the thread.
      const at = (asked.until ?? 0) + race * 20 - 20;
      const { runId = "none" } = await answering.tell({ do: "answer", interruptId: asked.interruptId ?? "none", at });
      const { types = [], thread } = await answering.tell({ do: "follow", runId });
      expect(types.at(-1)).toBe("run-completed");
      expect(types.filter((type) => type === "interrupt-answered")).toHaveLength(1);
      expect(thread).toEqual([`thread-${race}`, "Pick.Thanks."]);
      const isEnding = types.lastIndexOf("attempt-started", types.indexOf("interrupt-answered")) > types.indexOf("run-waiting");
      ways.add(runId !== asked.runId ? "after" : isEnding ? "meanwhile" : "before");
    }
    await Promise.all(racers.map((racer) => racer.leave()));
    const done = readFileSync(join(directory, "done.log"), "utf8").split("\n").filter(Boolean);
    const expected = Array.from({ length: RACES }, (_, race) => [0, 1, 2].map((count) => `model thread-${race} ${count}`).concat(`pay thread-${race}`));
    expect(done.toSorted()).toEqual(expected.flat().toSorted());
    expect(ways).toContain("meanwhile");
  },
);
