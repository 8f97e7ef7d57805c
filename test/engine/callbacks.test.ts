import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { afterEach, describe, expect, test, vi } from "vitest";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, hang, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { answer, endOf } from "./asking.ts";
import { RUN } from "./replaying.ts";
import { ANN, openShop, type Shop } from "./shop.ts";
import { askWith, handOverAt } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

interface EndedStep {
  readonly text: string;
}

describe.each([
  ["held open", { holdMs: 60_000 }],
  ["suspended", {}],
])("the callback for the end of a step, of a run that is %s", (_, held) => {
  test("is called once for each, however often the run is tried", async () => {
    const ended: string[] = [];
    const onStepFinish = ({ text }: EndedStep): void => void ended.push(text);
    const shop = await openShop({
      agent: { defaultOptions: { onStepFinish } },
      script: (prompt, number) => {
        const done = toolResultsIn(prompt).length;
        if (done === 0) return [say("first"), call("add", { a: 1, b: 2 })];
        if (done === 1) return [say("second"), call("paint", {})];
        return number === 3 ? [say("Half"), hang()] : [say("third")];
      },
    });
    shops.push(shop);
    const run = await askWith(shop, "Paint.", { pageTools: [{ name: "paint", description: "Paints." }], ...held });
    await vi.waitFor(async () => expect(["waiting", "suspended"]).toContain((await shop.engine.getRun(ANN, run.id)).status), 10_000);
    expect(ended).toEqual(["first"]);
    const next = await answer(shop, run, { output: 1 });
    await handOverAt(shop, next, (event) => event.type === "text-delta" && event.text.includes("Half"));
    expect(await endOf(shop, next)).toBe("run-completed");
    expect(ended).toEqual(["first", "second", "third"]);
  });
});

test("the callback of a sub-agent for the end of a step is called once for each", async () => {
  const ended: string[] = [];
  const onStepFinish = ({ text }: EndedStep): void => void ended.push(text);
  const model = scriptedModel({
    calls: (prompt, number) => {
      if (toolResultsIn(prompt).length === 0) return [say("inner first"), call("note", {})];
      return number === 2 ? [say("Half"), hang()] : [say("inner second")];
    },
  });
  const note = { id: "note", description: "notes", execute: () => Promise.resolve({ noted: true }) };
  const helper = new Agent({
    id: "helper",
    name: "helper",
    description: "Helps.",
    instructions: "x",
    model,
    tools: { note } as never,
    defaultOptions: { onStepFinish },
  });
  const shop = await openShop({ agent: { agents: { helper } }, script: [[call("agent-helper", { prompt: "x" })], [say("Done.")]] });
  shops.push(shop);
  const run = await askWith(shop, "go", {});
  await handOverAt(shop, run, (event) => event.type === "text-delta" && event.text.includes("Half"));
  expect(await endOf(shop, run)).toBe("run-completed");
  expect(ended).toEqual(["inner first", "inner second"]);
});

test("of an agent that is gone no thread is settled, and the run need not wait for it", async () => {
  const source = mastraSource(new Mastra({ agents: {}, logger: false }));
  const readTranscript = vi.fn<() => Promise<never>>();
  await source.settle(RUN, { outcome: "failed", error: { code: "AGENT_FAILED", message: "The agent could not be executed." } }, readTranscript);
  expect(readTranscript).not.toHaveBeenCalled();
});
