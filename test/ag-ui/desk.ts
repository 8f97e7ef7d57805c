import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { SignJWT } from "jose";
import pino from "pino";
import { z } from "zod";
import { createHoldfast, jwtAuth, type Holdfast, type HoldfastOptions } from "../../src/index.ts";
import {
  call,
  lastUserText,
  say,
  scriptedModel,
  think,
  toolResultsIn,
  wait,
  type Move,
  type PromptMessage,
  type ScriptedModel,
} from "../../src/testkit/scripted-model.ts";
import { partsOf } from "../../src/testkit/scripted-prompt.ts";

const DESK_SECRET = "a secret of at least thirty-two bytes";

/** An event as it came over the wire. */
export interface WireEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A frame with its id. */
export interface WireFrame {
  readonly id: string | undefined;
  readonly event: WireEvent;
}

/** The whole of Holdfast behind tokens, with agents whose model does what the last message of the user says. */
export interface AgUiDesk {
  /** Another one after {@link restart}. */
  readonly holdfast: Holdfast;
  readonly model: ScriptedModel;
  readonly mastra: Mastra;
  /** What the tools of the server were executed with, in order. */
  readonly executed: unknown[];
  /** Lets answers go on that wait in the middle, and those that would. */
  release(): void;
  send(
    path: string,
    body?: unknown,
    options?: { readonly as?: string; readonly headers?: Record<string, string>; readonly method?: string },
  ): Promise<Response>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What the model does, by the first word of the user's last message. */
function answerTo(prompt: readonly PromptMessage[], gate: () => Promise<void>): readonly Move[] {
  const [word = ""] = lastUserText(prompt).split(" ");
  const since = prompt.slice(prompt.findLastIndex(({ role }) => role === "user"));
  const done = toolResultsIn(since);
  const told = partsOf(since, "tool-result").map(({ output }) => JSON.stringify((output as { readonly value: unknown }).value));
  const tools: Readonly<Record<string, readonly string[]>> = {
    add: ["add"],
    locate: ["locate"],
    both: ["locate", "colour"],
    pay: ["pay"],
    twice: ["pay", "ask"],
    mixed: ["pay", "locate"],
    break: ["break"],
    remember: ["updateWorkingMemory"],
    many: Array.from({ length: 120 }, () => "pay"),
  };
  const wanted = tools[word] ?? [];
  if (wanted.length > 0 && done.length === 0) {
    const inputs: Readonly<Record<string, object>> = {
      add: { a: 1, b: 2 },
      pay: { euros: 90 },
      updateWorkingMemory: { memory: JSON.stringify({ fruit: "plum" }) },
    };
    return [
      think("Let me see."),
      say("One moment."),
      ...wanted.map((name, index) => call(name, inputs[name] ?? {}, { id: `${name}-${word === "many" ? index : 1}`, pieces: 2 })),
    ];
  }
  if (word === "payask" && !done.includes("ask"))
    return [call(done.includes("pay") ? "ask" : "pay", done.includes("pay") ? {} : { euros: 5 }, { id: `step-${done.length}` })];
  if (word === "wait") return [say("Half of it."), wait(gate()), say(" And the rest.")];
  return [say(wanted.length > 0 ? `Told: ${told.join(" ")}` : `You said ${lastUserText(prompt)}.`)];
}

/** What a user sends as `Authorization`. */
export async function credentialsOf(user: string): Promise<string> {
  return `Bearer ${await new SignJWT({ sub: user }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(DESK_SECRET))}`;
}

export async function openAgUiDesk(options: Partial<HoldfastOptions> = {}): Promise<AgUiDesk> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-ag-ui-"));
  const executed: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  const model = scriptedModel({ calls: (prompt) => answerTo(prompt, () => gate.promise) });
  const mastra = mastraOf(join(directory, "memory.db"), model, executed);
  const open = (): Promise<Holdfast> =>
    createHoldfast({
      mastra,
      store: `sqlite:${join(directory, "runs.db")}`,
      auth: jwtAuth({ secret: DESK_SECRET }),
      logger: pino({ level: "silent" }),
      ...options,
    });
  let holdfast = await open();
  return {
    get holdfast() {
      return holdfast;
    },
    model,
    mastra,
    executed,
    release() {
      gate.resolve();
    },
    async send(path, body, { as = "ann", headers = {}, method } = {}) {
      const request = new Request(`http://desk.test${path}`, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: { authorization: await credentialsOf(as), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return holdfast.fetch(request);
    },
    async restart() {
      await holdfast.close();
      holdfast = await open();
    },
    async close() {
      gate.resolve();
      await holdfast.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function mastraOf(memoryFile: string, model: ScriptedModel, executed: unknown[]): Mastra {
  const storage = new LibSQLStore({ id: "memory", url: `file:${memoryFile}` });
  const add = createTool({
    id: "add",
    description: "Adds.",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => ({ sum: a + b }),
  });
  const pay = createTool({
    id: "pay",
    description: "Pays.",
    inputSchema: z.object({ euros: z.number() }),
    requireApproval: true,
    execute: async (input) => {
      executed.push(input);
      return { paid: input.euros };
    },
  });
  const ask = createTool({
    id: "ask",
    description: "Asks.",
    inputSchema: z.object({}),
    execute: async (_input, { agent }) => {
      if (agent?.resumeData === undefined) return agent?.suspend({ question: "Which berth?" });
      executed.push({ told: agent.resumeData });
      return { told: agent.resumeData };
    },
  });
  const broken = createTool({
    id: "break",
    description: "Breaks.",
    inputSchema: z.object({}),
    execute: async () => {
      throw new Error("It is broken.");
    },
  });
  const common = { instructions: "Serve.", model, tools: { add, pay, ask, break: broken } };
  const memory = new Memory({ storage, options: { lastMessages: 50 } });
  const mindful = new Memory({ storage, options: { lastMessages: 50, workingMemory: { enabled: true, template: '{"fruit": ""}' } } });
  const agents = {
    porter: new Agent({ id: "porter", name: "Porter", description: "Carries.", ...common, memory }),
    mindful: new Agent({ id: "mindful", name: "Mindful", ...common, memory: mindful }),
    forgetful: new Agent({ id: "forgetful", name: "Forgetful", ...common }),
  };
  return new Mastra({ agents, storage, logger: false });
}

let runs = 0;

/** A `RunAgentInput` with one message of the user. */
export function runInput(
  text: string,
  fields: Record<string, unknown> = {},
): Record<string, unknown> & { readonly threadId: string; readonly runId: string; readonly messages: unknown[] } {
  runs += 1;
  const threadId = (fields["threadId"] as string | undefined) ?? `thread-${runs}`;
  return {
    threadId,
    runId: `run-${runs}`,
    protocolVersion: "1.0",
    messages: [{ id: `m-${runs}`, role: "user", content: text }],
    tools: [],
    context: [],
    state: {},
    forwardedProps: {},
    ...fields,
  };
}

export const SSE = { accept: "text/event-stream" };

/** A tool of the page. */
export const LOCATE = { name: "locate", description: "Where the user is.", parameters: { type: "object", properties: {} } };
export const COLOUR = { name: "colour", description: "The user's colour.", parameters: { type: "object", properties: {} } };

/** All frames of a stream of server-sent events. */
export async function framesIn(response: Response): Promise<readonly WireFrame[]> {
  return parseFrames(await response.text());
}

/** The frames of a text; one that was cut in the middle is left out. */
export function parseFrames(text: string): readonly WireFrame[] {
  return text
    .split("\n\n")
    .slice(0, -1)
    .flatMap((frame): WireFrame[] => {
      const lines = frame.split("\n");
      const data = lines.find((line) => line.startsWith("data: "))?.slice("data: ".length);
      const id = lines.find((line) => line.startsWith("id: "))?.slice("id: ".length);
      return data === undefined ? [] : [{ id, event: JSON.parse(data) as WireEvent }];
    });
}

export async function eventsIn(response: Response): Promise<readonly WireEvent[]> {
  return (await framesIn(response)).map(({ event }) => event);
}

/** The text that the messages of a stream came to. */
export function textOf(events: readonly WireEvent[]): string {
  return events.flatMap((event) => (event.type === "TEXT_MESSAGE_CONTENT" ? [String(event["delta"])] : [])).join("");
}

/** The answer that a viewer is shown who comes late: what there was when it came, and what followed. */
export function shownIn(events: readonly WireEvent[]): string {
  const messages = (events.find(({ type }) => type === "MESSAGES_SNAPSHOT")?.["messages"] ?? []) as readonly {
    readonly role: string;
    readonly content?: string;
  }[];
  return `${messages.findLast(({ role }) => role === "assistant")?.content ?? ""}${textOf(events)}`;
}

export function last(events: readonly WireEvent[]): WireEvent {
  const event = events.at(-1);
  if (event === undefined) throw new Error("The stream is empty.");
  return event;
}
