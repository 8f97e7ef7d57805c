import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { initialNormalizeState, normalizeChunk, type NormalizeState } from "../../src/mastra/normalize.ts";
import { chunk, events, fold, nested, stepFinish, told } from "./chunk-fold.ts";

const KEPT = `step-output is-task-complete goal background-task-started background-task-running background-task-resumed background-task-completed
  background-task-failed background-task-cancelled background-task-suspended workflow-start workflow-finish workflow-canceled workflow-paused
  workflow-step-start workflow-step-finish workflow-step-suspended workflow-step-waiting workflow-step-output workflow-step-progress
  workflow-step-result routing-agent-start routing-agent-text-start routing-agent-text-delta routing-agent-end routing-agent-abort
  agent-execution-start agent-execution-approval agent-execution-suspended agent-execution-end agent-execution-abort
  workflow-execution-start workflow-execution-suspended workflow-execution-end workflow-execution-abort tool-execution-start
  tool-execution-approval tool-execution-suspended tool-execution-end tool-execution-abort network-execution-event-step-finish
  network-execution-event-finish network-validation-start network-validation-end network-object network-object-result
  agent-execution-event-text-delta workflow-execution-event-workflow-start`.split(/\s+/);

describe("every known chunk has its place", () => {
  test.each(KEPT)("%s is kept as it came", (type) => {
    expect(told([chunk(type, { n: 1, at: new Date(0) })])).toEqual([{ type: "raw", chunkType: type, payload: { n: 1, at: "1970-01-01T00:00:00.000Z" } }]);
  });

  test.each(["start", "response-metadata", "watch", "background-task-progress", "tool-call-input-streaming-end"])("%s tells nothing", (type) => {
    expect(told([chunk(type, { n: 1 })])).toEqual([]);
  });
});

describe("a chunk that is not known", () => {
  test("is kept as it came, and the driver is told", () => {
    expect(told([chunk("text-sparkle", { n: 1 })])).toEqual([
      { type: "raw", chunkType: "text-sparkle", payload: { n: 1 } },
      { signal: "unknown-chunk", chunkType: "text-sparkle" },
    ]);
  });

  test.each([[undefined], [null], ["text"], [7], [[]], [{}], [{ type: 5 }]])("%j is no reason to fail", (value) => {
    expect(told([value]).at(-1)).toEqual({ signal: "unknown-chunk", chunkType: "unknown" });
  });

  test("is not hidden inside a sub-agent", () => {
    const items = told([nested("c", chunk("text-sparkle", { n: 1 }))]);
    expect(items).toEqual([
      { type: "nested", toolCallId: "c", event: { type: "raw", chunkType: "text-sparkle", payload: { n: 1 } } },
      { signal: "unknown-chunk", chunkType: "text-sparkle" },
    ]);
  });

  test("does no harm with a payload that cannot be read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(told([chunk("text-delta", proxy)])).toEqual([{ signal: "unknown-chunk", chunkType: "text-delta" }]);
  });
});

const TYPES = `text-start text-delta text-end reasoning-start reasoning-delta reasoning-end reasoning-signature redacted-reasoning
  tool-call-input-streaming-start tool-call-delta tool-call tool-result tool-error tool-output-denied tool-call-approval tool-call-suspended
  tool-output source file reasoning-file custom object object-result tripwire step-start step-finish finish abort error raw
  background-task-output data-x nonsense`.split(/\s+/);

const payloads = fc.record(
  {
    id: fc.constantFrom("0", "t", "r"),
    toolCallId: fc.constantFrom("c1", "c2"),
    toolName: fc.constantFrom("add", "agent-helper"),
    text: fc.string({ maxLength: 3 }),
    argsTextDelta: fc.string({ maxLength: 3 }),
    args: fc.anything({ maxDepth: 1 }),
    result: fc.anything({ maxDepth: 2 }),
    error: fc.anything({ maxDepth: 1 }),
    providerMetadata: fc.option(fc.constant({ p: { s: 1 } }), { nil: undefined }),
    stepResult: fc.record({ reason: fc.constantFrom("stop", "tool-calls", "retry", "tripwire", undefined) }),
    output: fc.oneof(fc.constant({ usage: {}, steps: [] }), fc.anything({ maxDepth: 1 })),
    holdfast: fc.constantFrom("model-finished", "x"),
  },
  { requiredKeys: [] },
);
const plainChunks = fc.record({ type: fc.constantFrom(...TYPES), runId: fc.constant("r1"), from: fc.constant("AGENT"), payload: payloads });
const anyChunks = fc.oneof(
  { weight: 12, arbitrary: plainChunks },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom("c1", "c2"), plainChunks, fc.constantFrom("s1", "s2")).map(([id, one, run]) => nested(id, one, run)) },
  { weight: 1, arbitrary: fc.anything() },
);

type Part = { readonly type: string; readonly id?: string; readonly event?: Part };

function innermost(event: Part): Part {
  return event.event === undefined ? event : innermost(event.event);
}

describe("whatever comes", () => {
  test("nothing is thrown, everything told survives JSON, and every delta belongs to a part that is open", () => {
    fc.assert(
      fc.property(fc.array(anyChunks, { maxLength: 40 }), (chunks) => {
        const { items } = fold([...chunks, chunk("finish")]);
        expect(JSON.parse(JSON.stringify(items))).toEqual(items);
        const open = new Set<string>();
        const used = new Set<string>();
        for (const event of (events(items) as readonly Part[]).map(innermost)) {
          const id = event.id ?? "";
          if (event.type === "text-start" || event.type === "reasoning-start") {
            expect(used.has(id)).toBe(false);
            used.add(id);
            open.add(id);
          } else if (/^(text|reasoning)-(delta|end)$/.test(event.type)) {
            expect(open.has(id)).toBe(true);
            if (event.type.endsWith("-end")) open.delete(id);
          }
        }
        expect([...open]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("two agents in one tool call that begin without a step have ids of their own", () => {
    const start = (runId: string): unknown =>
      chunk("tool-output", { toolCallId: "c1", toolName: "agent-helper", output: { type: "text-start", runId, from: "AGENT", payload: { id: "t" } } });
    const ids = (events(fold([start("s1"), start("s2")]).items) as readonly Part[]).map((event) => innermost(event).id);
    expect(new Set(ids).size).toBe(2);
  });

  test("an earlier state can be gone on from again, with the same outcome", () => {
    fc.assert(
      fc.property(fc.array(anyChunks, { maxLength: 20 }), (chunks) => {
        let state: NormalizeState = initialNormalizeState();
        for (const one of chunks) {
          const [next, items] = normalizeChunk(state, one);
          expect(normalizeChunk(state, one)).toEqual([next, items]);
          state = next;
        }
      }),
    );
  });

  test("the state is the same object while text streams", () => {
    const { state } = fold([chunk("step-start"), chunk("text-start", { id: "t" })]);
    expect(fold([chunk("text-delta", { id: "t", text: "x" })], state).state).toBe(state);
    expect(fold([stepFinish("stop")], state).state).not.toBe(state);
  });
});
