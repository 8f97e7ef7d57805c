import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { RunEvent } from "../../src/core/event.ts";
import { mastraSource } from "../../src/mastra/agent-source.ts";
import { call, hang, say, scriptedModel, stop, toolResultsIn, type Move, type ScriptedModel } from "../../src/testkit/scripted-model.ts";
import { endOf } from "./asking.ts";
import { BEGIN, replay } from "./replaying.ts";
import { ANN, openShop, textIn, type Shop, type ShopOptions } from "./shop.ts";
import { askWith, eventsOf, handOverAt } from "./starting.ts";

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function open(options: ShopOptions): Promise<Shop> {
  const shop = await openShop(options);
  shops.push(shop);
  return shop;
}

const outputSchema = { type: "object", properties: { n: { type: "number" }, unit: { type: "string" } }, required: ["n"], additionalProperties: false };

/** First a step with a tool, whose text would fit as well, then the answer. */
const SUM = (prompt: Parameters<typeof toolResultsIn>[0]): readonly Move[] =>
  toolResultsIn(prompt).length === 0 ? [say('{"n": 1}'), call("add", { a: 1, b: 2 }, { id: "c1" })] : [say('{"n": 3}')];

describe("an answer of a form that the request asked for", () => {
  test("streams as text, and its object stands in the log and in the thread", async () => {
    const shop = await open({ script: [[say('{"n": 5, "unit": "kg"}')]] });
    const run = await askWith(shop, "How much?", { outputSchema });
    expect(await endOf(shop, run)).toBe("run-completed");
    const texts = await eventsOf(shop, run, "text-delta");
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.map(({ text }) => text).join("")).toBe('{"n": 5, "unit": "kg"}');
    expect((await eventsOf(shop, run, "object")).filter(({ isFinal }) => isFinal)).toEqual([{ type: "object", object: { n: 5, unit: "kg" }, isFinal: true }]);
    expect((await shop.engine.messages(ANN, "t"))[1]).toMatchObject({
      parts: [{ type: "step-start" }, { type: "text" }, { type: "data-object", data: { n: 5, unit: "kg" } }],
    });
    expect(shop.model.requests).toHaveLength(1);
  });

  test.each([
    ["a list", { type: "array", items: { type: "number" } }, '{"elements": [1, 2]}', [1, 2]],
    ["an object between fences", outputSchema, '```json\n{"n": 5}\n```', { n: 5 }],
    ["an object within prose", outputSchema, 'It is {"n": 5}, I think.', { n: 5 }],
    ["an object whose end is missing", outputSchema, '{"n": 5, "unit": "kg', { n: 5, unit: "kg" }],
  ])("may be %s", async (_, schema, text, object) => {
    const shop = await open({ script: [[say(text)]] });
    const run = await askWith(shop, "How much?", { outputSchema: schema });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect((await eventsOf(shop, run, "object")).at(-1)).toEqual({ type: "object", object, isFinal: true });
  });

  test("is asked for in the provider's own way where it has one, else behind the question", async () => {
    for (const [model, isNative, text] of [
      // Where a provider must be told that every field is required, it says null for those that are not.
      [{ provider: "openai.chat", modelId: "gpt-4o" }, true, '{"n": 5, "unit": null}'],
      [{ provider: "scripted" }, false, '{"n": 5}'],
    ] as const) {
      const shop = await open({ model, script: [[say(text)]] });
      const run = await askWith(shop, "How much?", { outputSchema });
      expect(await endOf(shop, run)).toBe("run-completed");
      expect((await eventsOf(shop, run, "object")).at(-1)?.object).toEqual({ n: 5 });
      const { options, prompt } = shop.model.requests[0] as { options: { responseFormat?: { type: string } } } & ScriptedModel["requests"][number];
      expect(options.responseFormat?.type).toBe(isNative ? "json" : undefined);
      expect(JSON.stringify(prompt).includes("matching this schema")).toBe(!isNative);
    }
  });

  test("is the one of the last step; what stands before a tool call is none", async () => {
    const shop = await open({ script: SUM });
    const run = await askWith(shop, "How much?", { outputSchema });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect((await eventsOf(shop, run, "object")).filter(({ isFinal }) => isFinal).map(({ object }) => object)).toEqual([{ n: 3 }]);
  });

  test("takes the place of the agent's own structured output, with no call of its second model", async () => {
    const second = scriptedModel({ calls: [[say('{"own": true}')]] });
    const schema = z.object({ own: z.boolean() });
    const shop = await open({ script: [[say('{"n": 5}')]], agent: { defaultOptions: { structuredOutput: { schema, model: second } } } });
    const run = await askWith(shop, "How much?", { outputSchema });
    expect(await endOf(shop, run)).toBe("run-completed");
    expect((await eventsOf(shop, run, "object")).at(-1)).toMatchObject({ object: { n: 5 }, isFinal: true });
    expect(second.requests).toEqual([]);
  });
});

describe("an answer of another form than was asked for", () => {
  test.each<[string, readonly Move[]]>([
    ["text", [say("Five kilograms.")]],
    ["nothing", []],
    ["a value of another type", [say('{"n": "five"}')]],
    ["a field too many", [say('{"n": 5, "secret": 1}')]],
    ["half an object", [say('{"n"')]],
    ["cut at the limit of tokens", [say('{"n": 5}'), stop({ reason: "length" })]],
  ])("ends the run as failed: %s", async (_, moves) => {
    const shop = await open({ script: [moves] });
    const run = await askWith(shop, "How much?", { outputSchema });
    const [end] = await eventsOf(shop, run, "run-failed");
    expect(end?.error).toEqual({ code: "OUTPUT_INVALID", message: "The model's answer does not fit the schema that was asked for." });
    expect((await eventsOf(shop, run, "object")).filter(({ isFinal }) => isFinal)).toEqual([]);
    const spoken = moves.map((move) => (move.move === "text" ? move.text : "")).join("");
    expect(textIn((await shop.engine.messages(ANN, "t"))[1])).toBe(spoken);
    expect(shop.model.requests).toHaveLength(1);
  });

  test("ends it as failed behind a step whose text would have fitted", async () => {
    const shop = await open({ script: [[say('{"n": 1}'), call("add", { a: 1, b: 2 })], [say("Three.")]] });
    const run = await askWith(shop, "How much?", { outputSchema });
    expect((await eventsOf(shop, run, "run-failed"))[0]?.error.code).toBe("OUTPUT_INVALID");
  });
});

describe("an attempt that goes on from a log", () => {
  test("cut at every event, gives the same object once, and makes no finished call again", async () => {
    const requests: number[] = [];
    const openSource = (): ReturnType<typeof mastraSource> => {
      const storage = new LibSQLStore({ id: "memory", url: ":memory:" });
      const model = scriptedModel({ calls: SUM, onCall: ({ prompt }) => void requests.push(toolResultsIn(prompt).length) });
      const tools = { add: { id: "add", description: "adds", inputSchema: z.object({}).loose(), execute: () => Promise.resolve({ sum: 3 }) } };
      const agent = new Agent({ id: "clerk", name: "clerk", instructions: "x", model, tools: tools as never, memory: new Memory({ storage }) });
      return mastraSource(new Mastra({ agents: { clerk: agent }, logger: false, storage }));
    };
    const finals = (events: readonly RunEvent[]): readonly unknown[] =>
      events.flatMap((event) => (event.type === "object" && event.isFinal ? [event.object] : []));
    const whole = (await replay(openSource(), BEGIN, { attempt: 1, input: { outputSchema } })).log.map(({ event }) => event);
    expect(finals(whole)).toEqual([{ n: 3 }]);
    for (let end = BEGIN.length; end <= whole.length; end += 1) {
      const prefix = whole.slice(0, end);
      requests.length = 0;
      const { outcome, log } = await replay(openSource(), prefix, { input: { outputSchema } });
      expect(outcome.outcome).toBe("completed");
      expect(finals(log.map(({ event }) => event))).toEqual([{ n: 3 }]);
      const finished = prefix.filter(({ type }) => type === "model-finished").length;
      expect(requests).toEqual([0, 1].slice(finished));
    }
  });

  test("fails as the one before would have, though the agent had ended", async () => {
    const storage = new LibSQLStore({ id: "memory", url: ":memory:" });
    const model = scriptedModel({ calls: [[say("Five.")]] });
    const agent = new Agent({ id: "clerk", name: "clerk", instructions: "x", model, memory: new Memory({ storage }) });
    const source = mastraSource(new Mastra({ agents: { clerk: agent }, logger: false, storage }));
    const first = await replay(source, BEGIN, { attempt: 1, input: { outputSchema } });
    expect(first.outcome).toMatchObject({ error: { code: "OUTPUT_INVALID" } });
    const events = first.log.map(({ event }) => event);
    expect((await replay(source, events, { input: { outputSchema } })).outcome).toEqual(first.outcome);
    expect(model.requests).toHaveLength(1);
  });

  test("asks for the same form after a deploy", async () => {
    const shop = await open({ script: [[say('{"n": 1'), hang()], [say('{"n": 5}')]] });
    const run = await askWith(shop, "How much?", { outputSchema });
    await handOverAt(shop, run, ({ type }) => type === "text-delta");
    expect(await endOf(shop, run)).toBe("run-completed");
    expect((await eventsOf(shop, run, "object")).at(-1)).toEqual({ type: "object", object: { n: 5 }, isFinal: true });
    expect(JSON.stringify(shop.model.requests[1]?.prompt)).toContain("matching this schema");
  });

  test("leaves nothing of the object that a cut answer had begun, in the log's account and in the thread", async () => {
    const shop = await open({
      script: (prompt, number) => {
        if (toolResultsIn(prompt).length === 0) return [say('{"n": 1}'), call("add", { a: 1, b: 2 })];
        return number === 2 ? [say('{"n": 9, "unit": "kg"}', { isCut: true }), hang()] : [hang()];
      },
    });
    const run = await askWith(shop, "How much?", { outputSchema });
    await handOverAt(shop, run, (event) => event.type === "object" && (event.object as { n?: number }).n === 9);
    await vi.waitFor(() => expect(shop.model.requests).toHaveLength(3), 10_000);
    const { steps } = await shop.engine.transcript(run);
    expect(steps.flatMap(({ parts }) => parts).filter(({ type }) => type === "object")).toMatchObject([{ object: { n: 1 }, isFinal: false }]);
    await shop.engine.cancel(ANN, run.id);
    expect(await endOf(shop, run)).toBe("run-canceled");
    expect(JSON.stringify((await shop.engine.messages(ANN, "t"))[1])).not.toContain('"n":9');
  });
});
