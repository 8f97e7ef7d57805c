import { describe, expect, inject, test } from "vitest";
import { AG_UI_KINDS, failOnComplaints, replayOf, type AgUiClient, type AgUiKind } from "./ag-ui-client.ts";
import { answerOf, callsOf, numbered, shownBy, typesOf } from "./ag-ui-view.ts";
import { CuttingProxy, type Cut } from "./cutting-proxy.ts";
import { askText, RESEARCH_REASONING, VOYAGE_STATE, VOYAGE_TEXT } from "./server/script.ts";
import { inParallel } from "./waiting.ts";

const VOYAGE = askText({ scenario: "voyage" });
/** How many events the answer is at least when a busy machine commits some of its words as one. */
const FEWEST_EVENTS = 40;
const AT_ONCE = 8;

const server = inject("serverV7");

failOnComplaints();

/** What every client shows in the end, with the ids numbered. */
function shownInTheEnd(client: AgUiClient): unknown {
  return numbered(shownBy(client));
}

async function uncut(kind: AgUiKind): Promise<AgUiClient> {
  const client = kind.open({ baseUrl: server, fetch: globalThis.fetch });
  await client.ask(VOYAGE);
  return client;
}

describe.each(AG_UI_KINDS)("$name", (kind) => {
  test("shows an uncut answer with reasoning, parallel tools, a failure, two steps and a state", async () => {
    const client = await uncut(kind);
    const types = typesOf(client.events);
    expect([types[0], types.at(-1)]).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
    expect(types.filter((type) => type === "STEP_FINISHED")).toHaveLength(2);
    expect(types.length).toBeGreaterThan(FEWEST_EVENTS);
    expect(client.messages.find(({ role }) => role === "reasoning")?.content).toBe(RESEARCH_REASONING);
    expect(callsOf(client)).toMatchObject({
      weather: JSON.stringify({ city: "Oslo", degrees: 4, sky: "rain" }),
      distance: JSON.stringify({ from: "Oslo", to: "Rome", kilometres: 2000 }),
      broken: expect.stringContaining("The station is offline.") as string,
    });
    expect(answerOf(client)).toBe(VOYAGE_TEXT);
    expect(client.state).toEqual(VOYAGE_STATE);
    expect(client.failures).toEqual([]);
  });

  test.each(["end", "reset"] as const)("sees the same events, messages and state when its answer is cut at any event by a %s", async (by) => {
    const whole = await uncut(kind);
    const everyIndex = Array.from({ length: whole.events.length + 1 }, (_, index) => index);
    let cuts = 0;
    await inParallel(AT_ONCE, everyIndex, async (after) => {
      if (await cutOnce(kind, { after, by }, shownInTheEnd(whole))) cuts += 1;
    });
    expect(cuts).toBeGreaterThan(FEWEST_EVENTS);
  });

  test.each(["end", "reset"] as const)("sees the same when every answer is cut after three events by a %s", async (by) => {
    const proxy = await CuttingProxy.open(server, { cut: () => ({ after: 3, by }) });
    const client = kind.open({ baseUrl: proxy.url });
    await client.ask(VOYAGE);
    await proxy.close();
    await expectWhole(kind, client, `cut by ${by} after every third event`);
    expect(proxy.exchanges.length).toBeGreaterThan(FEWEST_EVENTS / 3);
  });
});

/** Cuts the first answer of a run. Tells whether there were so many events. */
async function cutOnce(kind: AgUiKind, cut: Cut & { readonly after: number }, shown: unknown): Promise<boolean> {
  const proxy = await CuttingProxy.open(server, { cut: (_, index) => (index === 0 ? cut : undefined) });
  const client = kind.open({ baseUrl: proxy.url });
  await client.ask(VOYAGE);
  await proxy.close();
  const where = `cut by ${cut.by} after ${cut.after} events`;
  await expectWhole(kind, client, where);
  expect(shownInTheEnd(client), where).toEqual(shown);
  const isCut = cut.after <= client.events.length;
  expect(proxy.exchanges[0]?.isCut, where).toBe(isCut);
  expect(proxy.exchanges.length, where).toBe(cut.after < client.events.length ? 2 : 1);
  return isCut;
}

/** Not an event more, less or other than the run has. */
async function expectWhole(kind: AgUiKind, client: AgUiClient, where: string): Promise<void> {
  const whole = await replayOf(kind, server, client);
  expect(client.failures, where).toEqual([]);
  expect(client.events, where).toEqual(whole.events);
  expect(shownBy(client), where).toEqual(shownBy(whole));
}
