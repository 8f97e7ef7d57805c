import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import type { AgUiEncoding, AgUiEvent, Generation } from "../../src/protocols/ag-ui/event.ts";
import { chunksOf, mustAccept, seeded, wireOf } from "./ag-ui-stock-client.ts";
import { GOLDEN_RUN_ID, goldenCases, goldenEvents } from "./golden-log.ts";
import { randomLineage } from "./lineage-log.ts";
import { randomAgUiLog } from "./ag-ui-random-log.ts";

const ENCODINGS = (["1.0", "0.0.59"] as const).flatMap((generation) =>
  (["ag-ui", "io-bridge"] as const).map((flavour): AgUiEncoding => ({ runId: GOLDEN_RUN_ID, generation, flavour })),
);

describe.each(ENCODINGS)("the stream of $flavour for clients of $generation", (encoding) => {
  const { generation } = encoding;

  it.each(goldenCases)("of %s is accepted", async (name) => {
    await mustBeSound(wireOf(chunksOf(encoding, goldenEvents(name)), generation), goldenEvents(name), generation);
  });

  it("of any log is accepted", async () => {
    await fc.assert(
      fc.asyncProperty(randomAgUiLog, async (log) => mustBeSound(wireOf(chunksOf(encoding, log), generation), log, generation)),
      { numRuns: 300 },
    );
  });

  it("of a run that goes on from others is accepted, and answers what those left open", async () => {
    await fc.assert(
      fc.asyncProperty(randomLineage(3), async (logs) => {
        const last = logs.at(-1) ?? [];
        const { state, replica } = seeded(encoding, logs.slice(0, -1));
        const open = state.calls.filter((call) => call.state === "called").map(({ toolCallId }) => toolCallId);
        await mustBeSound(wireOf(chunksOf(encoding, last, state), generation, replica), last, generation, open);
      }),
      { numRuns: 100 },
    );
  });
});

async function mustBeSound(wire: readonly AgUiEvent[], log: readonly RunEvent[], generation: Generation, earlier: readonly string[] = []): Promise<void> {
  await mustAccept(wire);
  expect(wire[0]?.type).toBe("RUN_STARTED");
  expect(wire.filter(({ type }) => type === "RUN_FINISHED" || type === "RUN_ERROR")).toStrictEqual(wire.slice(-1));
  // Not checked by the client where a run fails.
  expect(unbalanced(wire)).toStrictEqual([]);
  expect(hasNoValue(wire), "a field is null or undefined").toBe(false);
  mustAnswerOnce(wire, log, earlier);
  if (generation === "0.0.59") expect(refusedBefore10(wire)).toStrictEqual([]);
}

const PAIRS = [
  ["TEXT_MESSAGE_START", "TEXT_MESSAGE_END", "messageId"],
  ["TOOL_CALL_START", "TOOL_CALL_END", "toolCallId"],
  ["REASONING_START", "REASONING_END", "messageId"],
  ["REASONING_MESSAGE_START", "REASONING_MESSAGE_END", "messageId"],
  ["STEP_STARTED", "STEP_FINISHED", "stepName"],
] as const;

/** What begins and does not end. */
function unbalanced(wire: readonly AgUiEvent[]): readonly string[] {
  const open = new Set<string>();
  for (const event of wire) {
    for (const [start, end, field] of PAIRS) {
      const name = `${start} ${JSON.stringify((event as unknown as { readonly [name: string]: unknown })[field])}`;
      if (event.type === start) open.add(name);
      if (event.type === end) open.delete(name);
    }
    if (event.type === "SUBAGENT_STARTED") open.add(`agent ${event.subagentRunId}`);
    if (event.type === "SUBAGENT_FINISHED" || event.type === "SUBAGENT_ERROR") open.delete(`agent ${event.subagentRunId}`);
  }
  return [...open];
}

/** Where the protocol has a field of its own; what tools and models give may hold any JSON. */
function hasNoValue(wire: readonly AgUiEvent[]): boolean {
  const anyJson = new Set(["snapshot", "result", "event", "value", "content", "payload", "input"]);
  const isEmpty = (value: unknown): boolean =>
    value === null ||
    value === undefined ||
    (typeof value === "object" && Object.entries(value).some(([field, inner]) => (inner === undefined || !anyJson.has(field)) && isEmpty(inner)));
  return wire.some(isEmpty);
}

/** No result for a call that is not known, none twice while it stands, and where a run succeeds none is missing but those of the page. */
function mustAnswerOnce(wire: readonly AgUiEvent[], log: readonly RunEvent[], earlier: Iterable<string>): void {
  const open = new Set<string>(earlier);
  const done = new Set<string>();
  for (const event of log) {
    if (event.type === "interrupt-answered") for (const id of [event.toolCallId, ...event.toolCallId.split("/").slice(0, 1)]) open.add(id);
  }
  // A step of a workflow is no call.
  for (const event of log) if (event.type === "workflow-step-started") open.delete(event.callId);
  for (const event of wire) {
    // What is taken back has no result any more.
    if (event.type === "MESSAGES_SNAPSHOT") {
      const kept = new Set(event.messages.map(({ id }) => id));
      const calls = new Set(event.messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []).map(({ id }) => id) : [])));
      for (const id of done) if (!kept.has(`tool-result-${id}`)) done.delete(id);
      for (const id of open) if (!calls.has(id)) open.delete(id);
    }
    if (event.type === "TOOL_CALL_START") open.add(event.toolCallId);
    if (event.type !== "TOOL_CALL_RESULT") continue;
    expect(done).not.toContain(event.toolCallId);
    done.add(event.toolCallId);
    open.delete(event.toolCallId);
  }
  const last = wire.at(-1);
  if (last?.type !== "RUN_FINISHED" || log.at(-1)?.type !== "run-completed") return;
  const ofPage = new Set(log.flatMap(askedOfPage));
  expect([...open].filter((id) => !ofPage.has(id))).toStrictEqual([]);
}

function askedOfPage(event: RunEvent): readonly string[] {
  switch (event.type) {
    case "nested":
      return askedOfPage(event.event);
    case "tool-interrupted":
      return event.request.kind === "frontend-tool" ? [event.toolCallId] : [];
    case "interrupt-answered":
      return event.kind === "frontend-tool" ? [event.toolCallId] : [];
    case "run-waiting":
      return event.interrupts.filter(({ kind }) => kind === "frontend-tool").map(({ toolCallId }) => toolCallId);
    default:
      return [];
  }
}

function refusedBefore10(wire: readonly AgUiEvent[]): readonly AgUiEvent[] {
  return wire.filter((event) => {
    if (event.type === "RUN_FINISHED") return event.outcome?.type === "cancelled" || (event.outcome !== undefined && "pendingToolCallIds" in event.outcome);
    if (event.type === "TOOL_CALL_RESULT") return typeof event.content !== "string";
    return event.type === "MESSAGES_SNAPSHOT" && event.messages.some((message) => message.role === "tool" && typeof message.content !== "string");
  });
}
