import { randomUUID } from "node:crypto";
import { describe, expect, inject, test } from "vitest";
import { AG_UI_KINDS, failOnComplaints, type AgUiClient, type AgUiKind } from "./ag-ui-client.ts";
import { answerOf, callsOf, shownBy, typesOf } from "./ag-ui-view.ts";
import { listRuns, newestRun } from "./server-api.ts";
import { askText, SETTLED_TEXT } from "./server/script.ts";

/** Tools that only the page knows. */
const TOOLS = ["locate", "colour"].map((name) => ({
  name,
  description: `To ${name}.`,
  parameters: { type: "object", properties: { chat: { type: "string" } }, required: ["chat"] },
}));

const server = inject("serverV7");

failOnComplaints();

function askFor(kind: AgUiKind, ...steps: readonly (readonly string[])[]): Promise<AgUiClient> {
  return askOffering(kind, TOOLS, ...steps);
}

async function askOffering(kind: AgUiKind, tools: readonly object[], ...steps: readonly (readonly string[])[]): Promise<AgUiClient> {
  const threadId = randomUUID();
  const client = kind.open({ baseUrl: server, threadId });
  await client.ask(askText({ scenario: "tools", steps, chat: threadId }), { tools });
  return client;
}

describe.concurrent.each(AG_UI_KINDS)("a tool of a page with $name", (kind) => {
  test("is called in one run and answered in the next, and the conversation is whole afterwards", async () => {
    const client = await askFor(kind, ["locate"]);
    expect(client.events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
    expect(client.pendingInterrupts).toEqual([]);
    expect(typesOf(client.events)).not.toContain("TOOL_CALL_RESULT");
    expect(callsOf(client)).toEqual({ locate: undefined });

    client.give("call-locate", { content: '{"berth":7}' });
    await client.run({ tools: TOOLS });
    expect(client.failures).toEqual([]);
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} locate:{"berth":7}`);
    expect(callsOf(client)).toEqual({ locate: '{"berth":7}' });
    expect(await listRuns(server, client.threadId)).toHaveLength(2);

    const late = kind.open({ baseUrl: server, threadId: client.threadId, route: "connect" });
    await late.run();
    expect(shownBy(late).messages).toEqual(shownBy(client).messages);

    await client.ask(askText({ scenario: "recall" }));
    expect(answerOf(client)).toMatch(/^Before: 1 questions, /);
  });

  test("is left to the application by the end of the run, with others in the order of their calls", async () => {
    const client = await askFor(kind, ["locate", "colour"]);
    const outcome = kind.generation === "1.0" ? { type: "success", pendingToolCallIds: ["call-locate", "call-colour"] } : undefined;
    const end = client.events.at(-1);
    expect(end?.type).toBe("RUN_FINISHED");
    // A client of the older generation finds them out by itself.
    if (outcome) expect(end?.["outcome"]).toEqual(outcome);
    else expect(end?.["outcome"]).not.toHaveProperty("pendingToolCallIds");

    client.give("call-locate", { content: "north" });
    client.give("call-colour", { content: "blue" });
    await client.run({ tools: TOOLS });
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} locate:"north" colour:"blue"`);
  });

  test("holds the thread back until each of its calls is answered", async () => {
    const client = await askFor(kind, ["locate", "colour"]);
    client.give("call-colour", { content: "blue" });
    await client.run({ tools: TOOLS });
    expect(client.failures).toEqual([]);
    expect(answerOf(client)).not.toContain(SETTLED_TEXT);
    client.give("call-locate", { content: "north" });
    await client.run({ tools: TOOLS });
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} locate:"north" colour:"blue"`);
  });

  test("that fails tells the model why", async () => {
    const client = await askFor(kind, ["locate"]);
    client.give("call-locate", { content: "", error: "no-berth" });
    await client.run({ tools: TOOLS });
    expect(answerOf(client)).toContain(SETTLED_TEXT);
    expect(answerOf(client)).toContain("no-berth");
  });

  test("that the page offers with an answer is there for the run that the answer begins", async () => {
    const client = await askOffering(kind, TOOLS.slice(0, 1), ["locate"], ["colour"]);
    client.give("call-locate", { content: "north" });
    await client.run({ tools: TOOLS });
    expect(callsOf(client)).toEqual({ locate: "north", colour: undefined });
    client.give("call-colour", { content: "blue" });
    await client.run({ tools: TOOLS });
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} locate:"north" colour:"blue"`);
    expect((await newestRun(server, client.threadId)).status).toBe("completed");
  });

  test("is called beside a tool of the server, whose result is there at once", async () => {
    const client = await askFor(kind, ["quote", "locate"]);
    expect(callsOf(client)).toEqual({ quote: '{"did":"quote"}', locate: undefined });
    client.give("call-locate", { content: "north" });
    await client.run({ tools: TOOLS });
    expect(answerOf(client)).toBe(`${SETTLED_TEXT} quote:{"did":"quote"} locate:"north"`);
  });
});
