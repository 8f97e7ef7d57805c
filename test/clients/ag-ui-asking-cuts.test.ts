import { randomUUID } from "node:crypto";
import { describe, expect, inject, test } from "vitest";
import { AG_UI_KINDS, failOnComplaints, replayOf, type AgUiClient, type AgUiKind } from "./ag-ui-client.ts";
import { answerOf, eventsByRun, numbered, shownBy } from "./ag-ui-view.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { executedFor } from "./server-api.ts";
import { DELEGATING_AGENT, SAILING_AGENT } from "./server/mastra.ts";
import { askText, SETTLED_TEXT, type Ask } from "./server/script.ts";
import { inParallel } from "./waiting.ts";

const AT_ONCE = 8;

const server = inject("serverV7");

failOnComplaints();

interface Asker {
  readonly who: string;
  readonly agentId: string;
  readonly steps: Ask["steps"];
  readonly executed: readonly string[];
}

const ASKERS: readonly Asker[] = [
  { who: "an agent", agentId: SAILING_AGENT, steps: [["quote", "pay", "confirm"]], executed: ["confirm", "pay", "quote"] },
  { who: "a sub-agent", agentId: DELEGATING_AGENT, steps: [["agent-helper"]], executed: ["confirm", "pay", "quote"] },
];

interface Asked {
  readonly client: AgUiClient;
  /** What the client shows while it asks. */
  readonly asking: unknown;
}

/** Runs until the questions, answers them, and runs to the end. */
async function askAndAnswer(kind: AgUiKind, { agentId, steps }: Asker, baseUrl: string): Promise<Asked> {
  const threadId = randomUUID();
  const client = kind.open({ baseUrl, threadId, agentId });
  await client.ask(askText({ scenario: "tools", steps, chat: threadId }));
  const asking = shownBy(client);
  await client.run({ resume: client.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: true } })) });
  return { client, asking };
}

describe.each(AG_UI_KINDS)("$name", (kind) => {
  test.each(ASKERS)("sees the same question of $who, and the same answer to it, when both are cut at any event", async (asker) => {
    const { client: whole } = await askAndAnswer(kind, asker, server);
    expect(answerOf(whole)).toContain(SETTLED_TEXT);
    const lengths = eventsByRun(whole.events).map(({ length }) => length);
    expect(lengths).toHaveLength(2);
    const everyIndex = Array.from({ length: Math.max(...lengths) }, (_, index) => index);
    await inParallel(AT_ONCE, everyIndex, async (after) => {
      const by = after % 2 === 0 ? "end" : "reset";
      const isFirstOf = new Set<string>();
      const proxy = await CuttingProxy.open(server, {
        cut: ({ body }) => {
          const { runId } = JSON.parse(body) as { readonly runId: string };
          if (isFirstOf.has(runId)) return undefined;
          isFirstOf.add(runId);
          return { after, by };
        },
      });
      const { client, asking } = await askAndAnswer(kind, asker, proxy.url);
      await proxy.close();
      const where = `cut by ${by} after ${after} events`;
      expect(client.failures, where).toEqual([]);
      expect(isFirstOf.size, where).toBe(2);
      const [questions, answers] = await Promise.all([0, 1].map((index) => replayOf(kind, server, client, { index, agentId: asker.agentId })));
      expect(eventsByRun(client.events), where).toEqual([questions?.events, answers?.events]);
      expect(asking, where).toEqual(questions && shownBy(questions));
      expect(shownBy(client), where).toEqual(answers && shownBy(answers));
      expect(numbered(shownBy(client)), where).toEqual(numbered(shownBy(whole)));
      expect([...(await executedFor(server, client.threadId))].toSorted(), where).toEqual(asker.executed);
    });
  });
});
