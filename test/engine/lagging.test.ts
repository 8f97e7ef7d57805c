import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { InMemoryStore } from "@mastra/core/storage";
import { createTool } from "@mastra/core/tools";
import { Memory } from "@mastra/memory";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { AttemptOutcome } from "../../src/core/agent-source.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, raise, say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { BEGIN, replay } from "./replaying.ts";

interface Lagging {
  readonly outcome: AttemptOutcome;
  readonly requests: number;
}

/** An attempt whose log is behind, at a model that reports an error behind a tool call, and ends when it is asked again. */
async function attemptBehind(processors: object = {}): Promise<Lagging> {
  const model = scriptedModel({ calls: [[say("Adding."), call("add"), raise(new Error("overloaded"))], [say("Again.")]] });
  const add = createTool({ id: "add", description: "adds", inputSchema: z.object({}), execute: () => Promise.resolve({ sum: 3 }) });
  const storage = new InMemoryStore();
  const clerk = new Agent({ id: "clerk", name: "clerk", instructions: "x", model, tools: { add }, memory: new Memory({ storage }), ...processors });
  const source = mastraSource(new Mastra({ agents: { clerk }, logger: false, storage }));
  // More turns of the event loop than Mastra takes from one step to the next.
  const lag = async (): Promise<void> => {
    for (let turns = 0; turns < 100; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const { outcome } = await replay(source, BEGIN, { attempt: 1, lag });
  return { outcome, requests: model.requests.length };
}

describe("a model that reports an error behind a tool call, while the log is behind", () => {
  test("is not asked again", async () => {
    const error = { code: "AGENT_FAILED", message: "overloaded" };
    expect(await attemptBehind()).toEqual({ outcome: { outcome: "failed", error }, requests: 1 });
  });

  test("is asked again where a processor of the agent's wants it", async () => {
    const retry = { id: "retry", processAPIError: ({ retryCount }: { retryCount: number }) => ({ retry: retryCount === 0 }) };
    expect(await attemptBehind({ errorProcessors: [retry], maxProcessorRetries: 1 })).toMatchObject({ outcome: { outcome: "completed" }, requests: 2 });
  });
});
