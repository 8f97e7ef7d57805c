import { afterEach, beforeEach, expect, it } from "vitest";
import { eventsIn, last, openAgUiDesk, runInput, SSE, type AgUiDesk } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const THE_PLUM: unknown = expect.arrayContaining([expect.objectContaining({ path: "/fruit", value: "plum" })]);

const RUN = "/ag-ui/agents/mindful/run";

it("the state of the page goes into the working memory, and what the agent makes of it comes back as a change", async () => {
  const input = runInput("remember", { state: { basket: 3 } });
  const events = await eventsIn(await desk.send(RUN, input, { headers: SSE }));
  const states = events.filter(({ type }) => type.startsWith("STATE_"));
  expect(states[0]).toMatchObject({ type: "STATE_SNAPSHOT", snapshot: { basket: 3 } });
  expect(states[1]).toMatchObject({ type: "STATE_DELTA", delta: THE_PLUM });
  expect(JSON.stringify(desk.model.requests[0]?.prompt)).toContain("basket");
});

it("a viewer that comes late is shown the state as it is", async () => {
  const input = runInput("remember", { state: { basket: 3 } });
  await (await desk.send(RUN, input, { headers: SSE })).text();
  const viewed = await eventsIn(await desk.send("/ag-ui/agents/mindful/connect", runInput("-", { threadId: input.threadId, messages: [] }), { headers: SSE }));
  expect(viewed.find(({ type }) => type === "STATE_SNAPSHOT")?.["snapshot"]).toMatchObject({ fruit: "plum" });
  expect(last(viewed).type).toBe("RUN_FINISHED");
});

it("an agent without a working memory leaves the state of the page to the page", async () => {
  const events = await eventsIn(await desk.send("/ag-ui/agents/porter/run", runInput("hello", { state: { basket: 3 } }), { headers: SSE }));
  expect(events.filter(({ type }) => type.startsWith("STATE_"))).toEqual([]);
});
