import { randomUUID } from "node:crypto";
import { HttpAgent } from "@ag-ui/client";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { resumableFetch } from "../../src/client/index.ts";
import { HttpAgent as HttpAgent0 } from "./ag-ui-0/http-agent.ts";
import { SAILING_AGENT } from "./server/mastra.ts";

/** An event as a client was handed it. */
export interface AgUiEvent {
  readonly [field: string]: unknown;
  readonly type: string;
}

/** A message as both generations keep it. */
export interface AgUiMessage {
  readonly [field: string]: unknown;
  readonly id: string;
  readonly role: string;
  readonly content?: unknown;
  readonly toolCalls?: readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[];
}

/** An answer to a question that a run stopped with. */
export interface ResumeEntry {
  readonly interruptId: string;
  readonly status: "resolved" | "cancelled";
  readonly payload?: unknown;
}

export interface RunParameters {
  readonly runId?: string;
  readonly tools?: readonly object[];
  readonly resume?: readonly ResumeEntry[];
}

/** A run as its client asked for it. */
export interface StartedRun {
  readonly input: { readonly runId: string; readonly threadId: string; readonly messages: readonly AgUiMessage[]; readonly [field: string]: unknown };
  /** What the server calls it, and the cursor before its first event. */
  readonly serverRunId: string;
  readonly cursor: string;
}

export interface AgUiClientOptions {
  /** Where the server seems to be. */
  readonly baseUrl: string;
  readonly threadId?: string;
  readonly agentId?: string;
  /** `run` unless given. */
  readonly route?: "run" | "connect";
  readonly messages?: readonly AgUiMessage[];
  readonly state?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** A resumable one unless given. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A page that speaks AG-UI: what the tests need of an `HttpAgent`. */
export interface AgUiClient {
  readonly threadId: string;
  readonly messages: readonly AgUiMessage[];
  readonly state: unknown;
  readonly pendingInterrupts: readonly { readonly id: string; readonly reason: string; readonly toolCallId?: string }[];
  /** Every event so far, over all runs. */
  readonly events: readonly AgUiEvent[];
  /** What the runs were reported to have failed with. */
  readonly failures: readonly Error[];
  /** The request that each run began with. */
  readonly runs: readonly StartedRun[];
  /** Runs with one more message of the user. Resolves when the agent says that the run is over. */
  ask(text: string, parameters?: RunParameters): Promise<void>;
  /** Runs with the messages as they are. */
  run(parameters?: RunParameters): Promise<void>;
  /** Adds what a tool of the page gave. */
  give(toolCallId: string, outcome: { readonly content: string; readonly error?: string }): void;
  abort(): void;
  /** What a page does that shows something else: the agent is told to listen no longer. */
  leave(): Promise<void>;
}

/** One generation of the stock client. */
export interface AgUiKind {
  readonly name: string;
  readonly generation: "1.0" | "0.0.59";
  open(options: AgUiClientOptions): AgUiClient;
}

/** What both generations have; their types differ in what the tests do not look at. */
interface AnyAgent {
  messages: unknown;
  state: unknown;
  pendingInterrupts: unknown;
  addMessage(message: unknown): void;
  runAgent(parameters: RunParameters, subscriber: object): Promise<unknown>;
  abortRun(): void;
  detachActiveRun(): Promise<void>;
}

interface AgentConfig {
  readonly url: string;
  readonly threadId: string;
  readonly headers: Record<string, string>;
  readonly initialMessages: unknown[];
  readonly initialState: object;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

type AgentClass = new (config: AgentConfig) => AnyAgent;

export const AG_UI_KINDS: readonly AgUiKind[] = [kindOf("1.0", HttpAgent as unknown as AgentClass), kindOf("0.0.59", HttpAgent0 as unknown as AgentClass)];

function kindOf(generation: AgUiKind["generation"], Agent: AgentClass): AgUiKind {
  return { name: `HttpAgent of @ag-ui/client ${generation === "1.0" ? "1.0.0" : generation}`, generation, open: (options) => openClient(Agent, options) };
}

function openClient(Agent: AgentClass, options: AgUiClientOptions): AgUiClient {
  const { baseUrl, threadId = randomUUID(), agentId = SAILING_AGENT, route = "run", messages = [], state = {}, headers = {} } = options;
  const fetch = options.fetch ?? resumableFetch({ baseDelayMs: 1 });
  const events: AgUiEvent[] = [];
  const failures: Error[] = [];
  const runs: StartedRun[] = [];
  const agent = new Agent({
    url: `${baseUrl}/ag-ui/agents/${agentId}/${route}`,
    threadId,
    headers,
    initialMessages: structuredClone(messages) as unknown[],
    initialState: structuredClone(state) as object,
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      const header = (name: string): string => answer.headers.get(name) ?? "";
      runs.push({ input: JSON.parse(String(init.body)) as StartedRun["input"], serverRunId: header("x-holdfast-run-id"), cursor: header("x-holdfast-cursor") });
      return answer;
    },
  });
  const subscriber = {
    onEvent: ({ event }: { readonly event: AgUiEvent }): void => void events.push(structuredClone(event)),
    onRunFailed: ({ error }: { readonly error: Error }): void => void failures.push(error),
  };
  const run: AgUiClient["run"] = async (parameters = {}) => void (await agent.runAgent(parameters, subscriber));
  return {
    threadId,
    get messages() {
      return agent.messages as readonly AgUiMessage[];
    },
    get state() {
      return agent.state;
    },
    get pendingInterrupts() {
      return agent.pendingInterrupts as AgUiClient["pendingInterrupts"];
    },
    events,
    failures,
    runs,
    ask: (text, parameters) => {
      agent.addMessage({ id: randomUUID(), role: "user", content: text });
      return run(parameters);
    },
    run,
    give: (toolCallId, outcome) => agent.addMessage({ id: randomUUID(), role: "tool", toolCallId, ...outcome }),
    abort: () => agent.abortRun(),
    leave: () => agent.detachActiveRun(),
  };
}

/** A run of a client as another one of its kind sees it that is not cut: it goes on behind the cursor before the first event. */
export async function replayOf(
  kind: AgUiKind,
  baseUrl: string,
  { threadId, runs }: AgUiClient,
  of: { readonly index?: number; readonly agentId?: string } = {},
): Promise<AgUiClient> {
  const { index = 0, agentId } = of;
  const run = runs[index];
  if (run === undefined) throw new Error(`The client has run ${runs.length} times.`);
  const { runId, messages, state } = run.input;
  const client = kind.open({ baseUrl, threadId, agentId, messages, state, headers: { "Last-Event-ID": run.cursor }, fetch: globalThis.fetch });
  await client.run({ runId });
  return client;
}

/** Fails a test in which a client warned of what it was sent, or left a rejection that nobody could handle. */
export function failOnComplaints(): void {
  const complaints: unknown[] = [];
  const note = (reason: unknown): void => void complaints.push(reason);
  beforeAll(() => {
    vi.spyOn(console, "warn").mockImplementation((...words) => note(words.join(" ")));
    process.on("unhandledRejection", note);
  });
  afterEach(() => expect(complaints.splice(0)).toEqual([]));
  afterAll(() => {
    process.off("unhandledRejection", note);
    vi.restoreAllMocks();
  });
}
