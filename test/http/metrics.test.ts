import { afterEach, expect, test, vi } from "vitest";
import { call, hang, lastUserText, say, type Script } from "../../src/testkit/scripted-model.ts";
import { ASKS, hold } from "../io-bridge/holding.ts";
import { hosts, type Host, type HostOptions } from "../io-bridge/host.ts";
import { runBody, startRun } from "../io-bridge/events.ts";

const { open, close } = hosts();
afterEach(close);

function serving(options: Partial<HostOptions> = {}): Promise<Host> {
  return open({ mount: "holdfast serve", ...options });
}

async function scrape(host: Pick<Host, "send">): Promise<string> {
  const response = await host.send("GET", "/metrics", { user: "" });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return response.text();
}

/** The value of a series, as `name{label="value"}`; 0 where nothing was counted yet. */
function valueOf(text: string, series: string): number {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

const NAMED = { provider: "scripted", modelId: "scripted" };
const MODEL = 'agent="io-agent",provider="scripted",model="scripted"';

test("a run leaves its start, its end, its model calls, tokens and tool calls in the counts", async () => {
  const script: Script = (_prompt, number) => (number === 1 ? [call("add", { a: 1, b: 2 })] : [say("Three.")]);
  const host = await serving({ script, model: NAMED });
  await (await startRun(host, runBody({}))).rest();
  const text = await scrape(host);
  const counts = {
    started: valueOf(text, 'holdfast_runs_started_total{agent="io-agent"}'),
    ended: valueOf(text, 'holdfast_runs_ended_total{agent="io-agent",status="completed"}'),
    timed: valueOf(text, 'holdfast_run_duration_seconds_count{status="completed"}'),
    first: valueOf(text, 'holdfast_attempts_total{kind="first"}'),
    calls: valueOf(text, `holdfast_model_calls_total{${MODEL},state="settled"}`),
    tools: valueOf(text, 'holdfast_tool_calls_total{agent="io-agent",outcome="result"}'),
  };
  expect(counts).toEqual({ started: 1, ended: 1, timed: 1, first: 1, calls: 2, tools: 1 });
  const usage = await host.engine.usageReport({ resourceId: "ann" }, { groupBy: "agent" });
  expect(valueOf(text, `holdfast_tokens_total{${MODEL},direction="input"}`)).toBe(usage[0]?.cost.usage.inputTokens);
  expect(valueOf(text, `holdfast_tokens_total{${MODEL},direction="output"}`)).toBe(usage[0]?.cost.usage.outputTokens);
  const { runs } = await host.engine.listRuns({ resourceId: "ann" }, { limit: 1 });
  const log = runs[0] === undefined ? 0 : await host.engine.lastOffset(runs[0]);
  // What the creation of a run writes is no append.
  expect(valueOf(text, "holdfast_events_appended_total")).toBe(log - 2);
  expect(valueOf(text, "holdfast_commit_duration_seconds_count")).toBeGreaterThan(0);
});

test("what is under way is shown while it is: the run, and who is attached to it", async () => {
  const host = await serving({ script: [[say("Wait", { isCut: true }), hang()]] });
  const events = await startRun(host, runBody({}));
  await events.until("TEXT_MESSAGE_CONTENT");
  const during = await scrape(host);
  expect([valueOf(during, "holdfast_runs_executing"), valueOf(during, "holdfast_open_streams")]).toEqual([1, 1]);
  const { runs } = await host.engine.listRuns({ resourceId: "ann" }, { limit: 1 });
  await host.engine.cancel({ resourceId: "ann" }, runs[0]?.id ?? "");
  await events.rest();
  await vi.waitFor(async () => {
    const after = await scrape(host);
    expect([valueOf(after, "holdfast_runs_executing"), valueOf(after, "holdfast_open_streams")]).toEqual([0, 0]);
    expect(valueOf(after, 'holdfast_runs_ended_total{agent="io-agent",status="canceled"}')).toBe(1);
  }, 10_000);
});

test("a run that another process goes on with is a takeover there, and no start", async () => {
  const script: Script = (_prompt, number) => (number === 1 ? [say("Half", { isCut: true }), hang()] : [say("Whole.")]);
  const host = await serving({ script });
  const events = await startRun(host, runBody({}));
  await events.until("TEXT_MESSAGE_CONTENT");
  await events.drop();
  await host.restart();
  await vi.waitFor(async () => {
    const text = await scrape(host);
    expect(valueOf(text, 'holdfast_runs_ended_total{agent="io-agent",status="completed"}')).toBe(1);
    expect(valueOf(text, 'holdfast_attempts_total{kind="takeover"}')).toBe(1);
    expect(valueOf(text, 'holdfast_attempts_total{kind="first"}')).toBe(0);
    expect(valueOf(text, 'holdfast_runs_started_total{agent="io-agent"}')).toBe(0);
  }, 20_000);
});

test("a run that waited for a page's tool goes on as resumed, and is started and ended once", async () => {
  const host = await serving({ script: ASKS });
  const held = await hold(host);
  await vi.waitFor(async () => expect((await held.answer({ result: "apple" })).status).toBe(200), 10_000);
  await held.events.rest();
  const text = await scrape(host);
  expect(valueOf(text, 'holdfast_attempts_total{kind="first"}')).toBe(1);
  expect(valueOf(text, 'holdfast_attempts_total{kind="resumed"}')).toBe(1);
  expect(valueOf(text, 'holdfast_runs_started_total{agent="io-agent"}')).toBe(1);
  expect(valueOf(text, 'holdfast_runs_ended_total{agent="io-agent",status="completed"}')).toBe(1);
});

test("deliveries count by sink and by what came of them", async () => {
  let sends = 0;
  const send = async (): Promise<{ outcome: "accepted" } | { outcome: "refused"; reason: string; isFinal: true }> => {
    sends += 1;
    return sends === 1 ? { outcome: "accepted" } : { outcome: "refused", reason: "no", isFinal: true };
  };
  const host = await serving({ engine: { billing: { sinks: [{ name: "meter", send }] } } });
  await (await startRun(host, runBody({}))).rest();
  await vi.waitFor(async () => expect(valueOf(await scrape(host), 'holdfast_deliveries_total{sink="meter",outcome="sent"}')).toBe(1), 10_000);
  await (await startRun(host, runBody({}))).rest();
  await vi.waitFor(async () => expect(valueOf(await scrape(host), 'holdfast_deliveries_total{sink="meter",outcome="dead"}')).toBe(1), 10_000);
});

test("nothing that belongs to a user is in the counts, and no name that a request made up", async () => {
  const script: Script = (prompt) => (lastUserText(prompt) === "secret words" ? [call("made_up_tool", {})] : [say("Hello.")]);
  const host = await serving({ script, model: NAMED });
  const tool = { name: "made_up_tool", description: "x", parameters: { type: "object" } };
  const body = runBody({ tools: [tool], messages: [{ id: "q1", role: "user", content: "secret words" }], forwardedProps: { twoRun: true, resourceId: "ann" } });
  await (await startRun(host, body)).rest();
  const text = await scrape(host);
  expect(valueOf(text, 'holdfast_tool_calls_total{agent="io-agent",outcome="interrupted"}')).toBe(1);
  expect(valueOf(text, 'holdfast_runs_ended_total{agent="io-agent",status="suspended"}')).toBe(1);
  const labels = [...text.matchAll(/^holdfast_\w+\{(.*)\} /gm)].flatMap(([, list = ""]) =>
    [...list.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => ({ name, value })),
  );
  const values = new Set(labels.filter(({ name }) => name !== "le").map(({ name, value }) => `${name}=${value}`));
  expect([...values].toSorted()).toEqual([
    "agent=io-agent",
    "direction=input",
    "direction=output",
    "kind=first",
    "kind=resumed",
    "kind=takeover",
    "model=scripted",
    "outcome=interrupted",
    "provider=scripted",
    "state=settled",
    "status=suspended",
  ]);
});

test("two engines in one process count for themselves, beside the figures of the process", async () => {
  const [busy, idle] = [await serving(), await serving()];
  await (await startRun(busy, runBody({}))).rest();
  const [counted, other] = [await scrape(busy), await scrape(idle)];
  expect(valueOf(counted, 'holdfast_runs_started_total{agent="io-agent"}')).toBe(1);
  expect(valueOf(other, 'holdfast_runs_started_total{agent="io-agent"}')).toBe(0);
  for (const text of [counted, other]) expect(valueOf(text, "process_resident_memory_bytes")).toBeGreaterThan(0);
  // A second scrape has each family once, too.
  expect((await scrape(busy)).match(/^# TYPE process_resident_memory_bytes /gm)).toHaveLength(1);
});
