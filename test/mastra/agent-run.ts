import { once } from "node:events";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { InMemoryStore } from "@mastra/core/storage";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import { coalesce } from "../../src/core/coalesce.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { initialNormalizeState, normalizeChunk, type Normalized } from "../../src/mastra/normalize.ts";
import { observedModel } from "../../src/mastra/observed-model.ts";
import { scriptedModel, type ModelVersion, type Script } from "../../src/testkit/scripted-model.ts";

const add = createTool({
  id: "add",
  description: "adds",
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => Promise.resolve({ sum: a + b }),
});
const explode = createTool({
  id: "explode",
  description: "fails",
  inputSchema: z.object({}),
  execute: () => Promise.reject(new Error("no fuse in /srv/shop/fuse.ts\nsecond line")),
});
const report = createTool({
  id: "report",
  description: "reports progress",
  inputSchema: z.object({}),
  execute: async (_input, { writer }) => {
    await writer?.write({ percent: 50 });
    await writer?.custom({ type: "data-note", id: "n1", data: { seen: true } });
    return { ok: true };
  },
});
const pay = createTool({ id: "pay", description: "pays", inputSchema: z.object({}), requireApproval: true, execute: () => Promise.resolve({ paid: true }) });
const ask = createTool({
  id: "ask",
  description: "asks",
  inputSchema: z.object({}),
  suspendSchema: z.object({ question: z.string() }),
  resumeSchema: z.object({ yes: z.boolean() }),
  execute: async (_input, { agent }) => (agent?.resumeData === undefined ? agent?.suspend({ question: "Sure?" }) : { answer: agent.resumeData }),
});
const linger = createTool({
  id: "linger",
  description: "ends when it is told to",
  inputSchema: z.object({}),
  execute: async (_input, { abortSignal, writer }) => {
    await writer?.write("started");
    if (abortSignal?.aborted === false) await once(abortSignal, "abort");
    return { lingered: true };
  },
});
const forget = createTool({ id: "forget", description: "returns nothing", inputSchema: z.object({}), execute: () => Promise.resolve(undefined) });

export interface RunCase {
  readonly calls: Script;
  /** Scripts the model of a sub-agent, which the model calls as `agent-helper`. */
  readonly helperCalls?: Script;
  readonly agent?: object;
  readonly options?: object;
  /** Abort when a chunk of this type was read. */
  readonly abortAt?: string;
  /** How to go on after the first stream ended. */
  readonly answer?: "approve" | "decline" | { readonly resumeData: object };
}

/** The part of an agent that is called here; its own types are too large to be worked with. */
interface Streaming {
  stream(messages: string, options: object): Promise<Output>;
  approveToolCall(options: object): Promise<Output>;
  declineToolCall(options: object): Promise<Output>;
  resumeStream(resumeData: object, options: object): Promise<Output>;
}

interface Output {
  readonly fullStream: AsyncIterable<{ readonly type: string }>;
}

/** Runs a real agent with a scripted model; what its chunks tell, one line each. */
export async function runAgent(version: ModelVersion, run: RunCase): Promise<readonly string[]> {
  const helper = new Agent({
    id: "helper",
    name: "helper",
    description: "helps",
    instructions: "Help.",
    model: scriptedModel({ version, calls: run.helperCalls ?? [] }),
    tools: { add, pay },
  });
  const config = {
    id: "clerk",
    name: "clerk",
    instructions: "Work.",
    model: observed(scriptedModel({ version, calls: run.calls })),
    tools: { add, explode, report, pay, ask, linger, forget },
    ...(run.helperCalls && { agents: { helper } }),
    ...run.agent,
  };
  const agent = new Agent(config);
  const mastra = new Mastra({ logger: false, agents: { clerk: agent }, storage: new InMemoryStore() });
  const clerk = mastra.getAgent("clerk") as unknown as Streaming;
  const abort = new AbortController();
  const options = { runId: "r1", abortSignal: abort.signal, eagerToolExecution: false, includeRawChunks: true, ...run.options };

  let state = initialNormalizeState();
  const items: Normalized[] = [];
  const read = async (output: Output): Promise<void> => {
    for await (const chunk of output.fullStream) {
      const [next, told] = normalizeChunk(state, chunk);
      state = next;
      items.push(...told);
      if (chunk.type === run.abortAt) abort.abort();
    }
  };
  await read(await clerk.stream("Go.", options));
  const { answer } = run;
  if (answer === "approve") await read(await clerk.approveToolCall(options));
  else if (answer === "decline") await read(await clerk.declineToolCall({ ...options, reason: "too dear" }));
  else if (answer !== undefined) await read(await clerk.resumeStream(answer.resumeData, options));
  return lines(items);
}

export function observed<Model extends object>(model: Model): Model {
  return observedModel(model as never, () => Promise.resolve({}));
}

function lines(items: readonly Normalized[]): readonly string[] {
  const told: string[] = [];
  let pending: RunEvent[] = [];
  const flush = (): void => {
    told.push(...coalesce(pending).map(line));
    pending = [];
  };
  for (const item of items) {
    if ("event" in item) {
      pending.push(item.event);
    } else {
      flush();
      const { signal, ...rest } = item;
      told.push(`! ${signal} ${compact(rest)}`.trimEnd());
    }
  }
  flush();
  return told;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** `type`, then what the event is about, then its other fields. */
function line(event: RunEvent): string {
  if (event.type === "nested") return `> ${line(event.event)}`;
  const { type, ...fields } = event;
  const { id, toolCallId, step, toolName: _toolName, ...rest } = fields as Readonly<Record<string, unknown>>;
  return [type, id ?? toolCallId ?? step, compact(rest)].filter((piece) => piece !== undefined && piece !== "").join(" ");
}

function compact(fields: Readonly<Record<string, unknown>>): string {
  if (Object.keys(fields).length === 0) return "";
  return JSON.stringify(fields)
    .replaceAll('{"inputTokens":20,"outputTokens":10,"totalTokens":30}', '"20+10"')
    .replaceAll(UUID, "<uuid>")
    .replaceAll('\\"', "`")
    .replaceAll('"', "'");
}
