import { CopilotKitCore } from "@copilotkit/core";
import { z } from "zod";
import type { AgUiMessage, ResumeEntry } from "../ag-ui-client.ts";

/** A page of CopilotKit, without the part that draws it. */
export interface CopilotPage {
  readonly threadId: string;
  readonly messages: readonly AgUiMessage[];
  readonly state: unknown;
  readonly isRunning: boolean;
  readonly pendingInterrupts: readonly { readonly id: string }[];
  /** What the application is told went wrong. */
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  /** What `/info` says of the agent. */
  readonly capabilities: unknown;
  /** The types of the events that the agent was handed. */
  readonly eventTypes: readonly string[];
  /** Resolves when the run is over, and those that its page's tools began. */
  ask(text: string): Promise<void>;
  run(resume?: readonly ResumeEntry[]): Promise<void>;
  /** What a page does that shows a thread again. */
  connect(): Promise<void>;
  stop(): void;
  /** Offers a tool of the page. */
  offer(name: string, handler: (input: unknown) => Promise<unknown>): void;
}

/** Opens a page whose runtime is at this URL. The page needs a `window`, in which it asks nothing but its origin. */
export async function openPage(runtimeUrl: string, agentId: string, threadId: string, newId: () => string): Promise<CopilotPage> {
  const errors: { code: string; message: string }[] = [];
  const eventTypes: string[] = [];
  const core = new CopilotKitCore({ runtimeUrl });
  core.subscribe({ onError: ({ code, error }) => void errors.push({ code: String(code), message: error.message }) });
  await new Promise<void>((resolve, reject) => {
    if (core.getAgent(agentId) !== undefined) resolve();
    core.subscribe({
      onAgentsChanged: () => (core.getAgent(agentId) === undefined ? undefined : resolve()),
      onError: ({ error }) => reject(error),
    });
  });
  const agent = core.getAgent(agentId);
  if (agent === undefined) throw new Error(`The runtime has no agent ${agentId}.`);
  agent.threadId = threadId;
  agent.subscribe({ onEvent: ({ event }) => void eventTypes.push(event.type) });
  const run: CopilotPage["run"] = async (resume) => void (await core.runAgent({ agent, ...(resume && { resume: resume.map((entry) => ({ ...entry })) }) }));
  return {
    threadId,
    get messages() {
      return agent.messages as unknown as readonly AgUiMessage[];
    },
    get state() {
      return agent.state as unknown;
    },
    get isRunning() {
      return agent.isRunning;
    },
    get pendingInterrupts() {
      return agent.pendingInterrupts;
    },
    errors,
    capabilities: await agent.getCapabilities?.(),
    eventTypes,
    ask: (text) => {
      agent.addMessage({ id: newId(), role: "user", content: text });
      return run();
    },
    run,
    connect: async () => {
      agent.setMessages([]);
      agent.setState({});
      await core.connectAgent({ agent });
    },
    stop: () => core.stopAgent({ agent }),
    offer: (name, handler) => core.addTool({ name, description: `To ${name}.`, parameters: z.object({ chat: z.string() }), handler }),
  };
}
