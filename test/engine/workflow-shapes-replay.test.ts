import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { AgentSource } from "../../src/core/agent-source.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Json } from "../../src/core/json.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { BEGIN, replay, RUN, type Replayed } from "./replaying.ts";

const COUNT = z.object({ n: z.number() });

interface Context {
  readonly inputData: { readonly n: number };
  readonly retryCount: number;
  readonly requestContext: { get(key: string): { readonly toolCallId: string } };
}

interface World {
  readonly source: AgentSource;
  /** The calls that were executed. */
  readonly executed: string[];
}

const flow = (id: string, options: object = {}): ReturnType<typeof createWorkflow> =>
  createWorkflow({ id, inputSchema: COUNT, outputSchema: z.any(), ...options }) as never;

/** Workflows inside lists, branches and loops, steps that stand in several places, and names that look like parts of ids. */
function openWorld(idempotentTools: readonly string[]): World {
  const executed: string[] = [];
  const step = (id: string, more: { readonly retries?: number } = {}): never =>
    createStep({
      id,
      inputSchema: COUNT,
      outputSchema: COUNT,
      ...more,
      execute: async ({ inputData, retryCount, requestContext }: Context) => {
        executed.push(requestContext.get("holdfast").toolCallId);
        // Items of a list end in another order than they begin.
        for (let turn = inputData.n % 3; turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
        if (retryCount < (more.retries ?? 0)) throw new Error("not yet");
        return { n: inputData.n + 1 };
      },
    } as never) as never;
  const again = step("again");
  const inner = flow("in/ner", { retryConfig: { attempts: 1 } })
    .then(step("page#2"))
    .then(step("x~2", { retries: 1 }))
    .then(again)
    .commit() as never;
  const late = flow("late")
    .then(again)
    .map(async ({ inputData }) => inputData as object)
    .then(again)
    .commit() as never;
  const workflow = flow(RUN.agentId)
    .then(again)
    .map(async () => [{ n: 3 }, { n: 1 }, { n: 2 }, { n: 1 }])
    .foreach(inner, { concurrency: 2 })
    .map(async () => ({ n: 4 }))
    .parallel([inner, late, again])
    .map(async () => ({ n: 0 }))
    .branch([
      [async () => true, step("x")],
      [async () => true, late],
      [async () => false, step("never")],
    ])
    .sleep(1)
    .map(async () => ({ n: 0 }))
    .dowhile(late, async ({ inputData }) => (inputData as { n: number }).n < 6)
    .then(again)
    .map(async ({ inputData, getStepResult }) => ({ last: inputData as object, list: getStepResult<unknown>("in/ner") as object }))
    .commit();
  const mastra = new Mastra({ workflows: { [RUN.agentId]: workflow as never }, logger: false });
  return { source: mastraSource(mastra, { idempotentTools }), executed };
}

interface Cut {
  readonly name: string;
  readonly prefix: readonly RunEvent[];
  readonly executed: readonly string[];
  readonly replayed: Replayed;
}

const INPUT = { input: { messages: [], workflow: { input: { n: 1 } } } } as const;

const ALL = ["page#2", "x~2", "again", "x"].flatMap((id) => [RUN.agentId, "in/ner", "late"].map((workflowId) => `${workflowId}/${id}`));
const PLAIN: ReadonlySet<string> = new Set(["page#2", "x~2", "again", "x"]);

function begunIn(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === "workflow-step-started" && PLAIN.has(event.stepId) ? [event.callId] : []));
}

function endedIn(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === "workflow-step-finished" ? [event.callId] : []));
}

function endOf({ outcome, log }: Replayed): readonly unknown[] {
  return [outcome, log.flatMap(({ event }): Json[] => (event.type === "object" ? [event.object] : []))];
}

describe("an attempt at a workflow of many shapes, over a log that ends at any event", () => {
  let events: readonly RunEvent[] = [];
  let whole: readonly unknown[] = [];

  beforeAll(async () => {
    const replayed = await replay(openWorld([]).source, BEGIN, { ...INPUT, attempt: 1 });
    events = replayed.log.map(({ event }) => event);
    whole = endOf(replayed);
    expect(whole).toMatchObject([{ outcome: "completed" }, [{ last: { n: 7 } }]]);
  });

  const cuts = async (idempotentTools: readonly string[], look: (cut: Cut) => void): Promise<void> => {
    for (let upTo = BEGIN.length; upTo <= events.length; upTo += 1) {
      const { source, executed } = openWorld(idempotentTools);
      const prefix = events.slice(0, upTo);
      look({ name: `cut at ${upTo}`, prefix, executed, replayed: await replay(source, prefix, INPUT) });
    }
  };

  test("ends as the whole one did, with nothing executed that had ended, where its steps may be executed twice", async () => {
    await cuts(ALL, ({ name, prefix, executed, replayed }) => {
      expect(endOf(replayed), name).toEqual(whole);
      const ended = endedIn(prefix);
      expect(
        executed.filter((callId) => ended.includes(callId)),
        name,
      ).toEqual([]);
    });
  }, 60_000);

  test("executes no step that had begun, where none may be executed twice, and ends as the whole one did unless one was cut", async () => {
    await cuts([], ({ name, prefix, executed, replayed }) => {
      const begun = begunIn(prefix);
      const ended = endedIn(prefix);
      expect(
        executed.filter((callId) => begun.includes(callId)),
        name,
      ).toEqual([]);
      if (begun.every((callId) => ended.includes(callId))) expect(endOf(replayed), name).toEqual(whole);
      else {
        const error = { code: "AGENT_FAILED", message: expect.stringMatching(/^The outcome of step \S+ is unknown/) as string };
        expect(replayed.outcome, name).toEqual({ outcome: "failed", error });
      }
    });
  }, 60_000);
});
