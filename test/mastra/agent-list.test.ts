import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { expect, test } from "vitest";
import { listAgents } from "../../src/mastra/agents.ts";
import { say, scriptedModel } from "../../src/testkit/scripted-model.ts";

test("an agent is listed with its model where it has one that can be told beforehand", () => {
  const model = scriptedModel({ calls: [[say("Hi.")]], provider: "acme.chat", modelId: "acme-1" });
  const agentWith = (id: string, given: unknown): Agent => new Agent({ id, name: id, instructions: "x", model: given as typeof model });
  const agents = {
    object: agentWith("object", model),
    router: agentWith("router", "openrouter/anthropic/claude"),
    dynamic: agentWith("dynamic", () => model),
    several: agentWith("several", [{ model }, { model }]),
  };
  expect(listAgents(new Mastra({ agents, logger: false })).map(({ id, model: told }) => [id, told])).toEqual([
    ["object", { provider: "acme.chat", name: "acme-1" }],
    ["router", { provider: "openrouter", name: "anthropic/claude" }],
    ["dynamic", undefined],
    ["several", undefined],
  ]);
});
