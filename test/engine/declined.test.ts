import { createTool } from "@mastra/core/tools";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../../src/core/json.ts";
import type { Run } from "../../src/core/run.ts";
import { call, say, toolResultsIn } from "../../src/testkit/scripted-model.ts";
import { endOf, questionsOf, toolsOf } from "./asking.ts";
import { ANN, openShop, type Shop } from "./shop.ts";
import { askWith, eventsOf } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

const KINDS = { "tool-approval": "transfer", "tool-suspend": "ask", "frontend-tool": "paint" } as const;
type Kind = keyof typeof KINDS;

/** A shop whose model calls a tool that asks, and what the tools did. */
async function openAsking(kind: Kind): Promise<{ readonly shop: Shop; readonly executed: unknown[] }> {
  const executed: unknown[] = [];
  const transfer = createTool({
    id: "transfer",
    description: "transfers",
    inputSchema: z.object({}),
    requireApproval: true,
    execute: () => Promise.resolve(executed.push("transfer")),
  });
  const ask = createTool({
    id: "ask",
    description: "asks",
    inputSchema: z.object({}),
    execute: async (_input, { agent }) => (agent?.resumeData === undefined ? agent?.suspend({ ask: 1 }) : executed.push(agent.resumeData)),
  });
  const shop = await openShop({
    tools: { transfer, ask },
    script: (prompt) => (toolResultsIn(prompt).length === 0 ? [call(KINDS[kind], {}, { id: "c1" })] : [say("Then not.")]),
  });
  shops.push(shop);
  return { shop, executed };
}

async function decline(shop: Shop, run: Run, answer: Json): Promise<Run> {
  const [asked] = await questionsOf(shop, run);
  const { run: child } = await shop.engine.answer(ANN, [{ interruptId: asked?.id ?? "", answer, isDeclined: true }]);
  if (child === undefined) throw new Error("no run goes on");
  return child;
}

const pageTools = [{ name: "paint", description: "Paints." }];

describe.each(Object.keys(KINDS) as Kind[])("a question of the kind %s that is declined", (kind) => {
  test.each<[string, Json, string | undefined]>([
    ["with a reason", "Not today.", "Not today."],
    ["with a reason in an object", { approved: true, reason: "Too dear.", output: 1 }, "Too dear."],
    ["without one", null, undefined],
  ])("%s is not executed: the call ends as denied, and the model is told", async (_, given, reason) => {
    const { shop, executed } = await openAsking(kind);
    const run = await askWith(shop, "go", { pageTools });
    expect(await endOf(shop, run)).toBe("run-suspended");
    const child = await decline(shop, run, given);
    expect(await endOf(shop, child)).toBe("run-completed");
    expect(executed).toEqual([]);
    expect(await eventsOf(shop, child, "tool-denied")).toEqual([
      { type: "tool-denied", toolCallId: "c1", toolName: KINDS[kind], ...(reason !== undefined && { reason }) },
    ]);
    expect(await toolsOf(shop, child)).toMatchObject([{ state: "denied" }]);
    expect(JSON.stringify(shop.model.requests[1]?.prompt)).toContain(reason ?? "Tool call was not approved by the user");
    expect(shop.model.requests).toHaveLength(2);
  });
});
