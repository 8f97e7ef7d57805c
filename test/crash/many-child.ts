import { join } from "node:path";
import { START } from "../../src/core/offset.ts";
import { createEngine } from "../../src/holdfast.ts";
import { world } from "./world.ts";

// A process with many runs at once: `start` begins them and kills itself when the given number of tool results is on record, `finish`
// waits for all of them to end and prints how each did.

const [directory = ".", task, count = "0"] = process.argv.slice(2);
const principal = { resourceId: "ann" };
const { mastra } = world(directory, { hasMemory: true, paceMs: 5 });
let results = 0;
const engine = await createEngine({
  mastra,
  store: `sqlite:${join(directory, "runs.db")}`,
  leaseTimes: { leaseMs: 600, sweepMs: 60 },
  onCheckpoint: (name) => {
    if (task !== "start" || name !== "tool-result-committed") return;
    results += 1;
    if (results === Number(count)) process.kill(process.pid, "SIGKILL");
  },
});
if (task === "start") {
  const starts = Array.from({ length: Number(count) }, (_, index) =>
    engine.start(principal, {
      agentId: "clerk",
      threadId: `thread-${index}`,
      input: { messages: [{ id: `question-${index}`, role: "user", parts: [{ type: "text", text: "What is the price?" }] }], trigger: "submit" },
    }),
  );
  await Promise.all(starts);
  await new Promise(() => undefined);
}
const { runs } = await engine.listRuns(principal, { limit: 1_000 });
for (const run of runs) {
  const last: string[] = [];
  for await (const batch of engine.tail(run, START, new AbortController().signal)) last.push(...batch.map((entry) => entry.event.type));
  const { crashes, attempt } = await engine.getRun(principal, run.id);
  const roles = (await engine.messages(principal, run.threadId)).map((message) => message["role"]);
  process.stdout.write(`${JSON.stringify({ end: last.at(-1), crashes, attempt, roles })}\n`);
}
await engine.close();
process.exit(0);
