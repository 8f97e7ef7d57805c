import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { SignJWT } from "jose";
import pino from "pino";
import { z } from "zod";
import { createHoldfast, jwtAuth, type Holdfast, type HoldfastOptions } from "../../src/index.ts";
import { call, lastUserText, say, scriptedModel, toolResultsIn } from "../../src/testkit/scripted-model.ts";

const SECRET = "a secret of at least thirty-two bytes";

/** Who makes a request: a resource, and what its token lets it do. */
export interface Person {
  readonly sub: string;
  readonly scope?: string;
}

export const ANN: Person = { sub: "ann" };
export const BOB: Person = { sub: "bob" };
export const CLERK: Person = { sub: "clerk", scope: "read holdfast:approve" };

/** An interrupt as the API shows it. */
export interface InterruptJson {
  readonly id: string;
  readonly runId: string;
  readonly threadId: string;
  readonly resourceId: string;
  readonly status: string;
  readonly [field: string]: unknown;
}

/** The whole of Holdfast, with an agent whose tools ask: one for an approval, two for what a person knows, with a schema and without. */
export interface Desk {
  readonly holdfast: Holdfast;
  /** What the tools were executed with, in order. */
  readonly executed: unknown[];
  /** Sends a request with somebody's token, or with none; a body that is no text goes as JSON. */
  send(person: Person | undefined, path: string, body?: unknown): Promise<Response>;
  /** Asks for a tool and waits until its run has asked back. */
  ask(person: Person, tool: "pay" | "tell" | "book"): Promise<InterruptJson>;
  /** Waits for the end of a run of somebody's, and gives its status. */
  endOf(person: Person, runId: string): Promise<string>;
}

let chats = 0;

export async function openDesk(options: Pick<HoldfastOptions, "interruptTtlMs" | "store" | "billing"> = {}): Promise<Desk> {
  const executed: unknown[] = [];
  const holdfast = await createHoldfast({
    mastra: mastraOf(executed),
    store: "memory",
    auth: jwtAuth({ secret: SECRET }),
    logger: pino({ level: "silent" }),
    ...options,
  });
  const send: Desk["send"] = async (person, path, body) =>
    holdfast.fetch(
      new Request(`http://desk.test${path}`, {
        headers: person === undefined ? {} : { authorization: `Bearer ${await tokenOf(person)}` },
        ...(body !== undefined && { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
  return {
    holdfast,
    executed,
    send,
    async ask(person, tool) {
      chats += 1;
      const message = { id: `q${chats}`, role: "user", parts: [{ type: "text", text: tool }] };
      const response = await send(person, "/api/chat", { id: `chat-${chats}`, messages: [message] });
      await response.text();
      const asked = await interruptsIn(await send(person, `/v1/interrupts?runId=${response.headers.get("x-workflow-run-id")}`));
      if (asked[0] === undefined) throw new Error(`The run for ${tool} asked nothing.`);
      return asked[0];
    },
    async endOf(person, runId) {
      await (await send(person, `/api/chat/${runId}/stream?startIndex=0`)).text();
      const run = (await (await send(person, `/v1/runs/${runId}`)).json()) as { readonly status: string };
      return run.status;
    },
  };
}

/** The interrupts of a list. */
export async function interruptsIn(response: Response): Promise<readonly InterruptJson[]> {
  const { interrupts } = (await response.json()) as { readonly interrupts: readonly InterruptJson[] };
  return interrupts;
}

function tokenOf({ sub, scope }: Person): Promise<string> {
  const claims = { sub, ...(scope !== undefined && { scope }) };
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
}

function mastraOf(executed: unknown[]): Mastra {
  const pay = createTool({
    id: "pay",
    description: "Pays.",
    inputSchema: z.object({ euros: z.number() }),
    requireApproval: true,
    execute: async ({ euros }) => {
      executed.push({ paid: euros });
      return { paid: euros };
    },
  });
  const asking = (id: string, resumeSchema?: z.ZodType): ReturnType<typeof createTool> =>
    createTool({
      id,
      description: "Asks.",
      inputSchema: z.object({}),
      ...(resumeSchema && { resumeSchema }),
      execute: async (_input, { agent }) => {
        if (agent?.resumeData === undefined) return agent?.suspend({ question: "Which berth?" });
        executed.push(agent.resumeData);
        return { told: agent.resumeData };
      },
    }) as ReturnType<typeof createTool>;
  const model = scriptedModel({
    calls: (prompt) => {
      const tool = lastUserText(prompt);
      return toolResultsIn(prompt).length > 0 ? [say("Done.")] : [call(tool, tool === "pay" ? { euros: 90 } : {}, { id: "c1" })];
    },
  });
  const tools = { pay, tell: asking("tell"), book: asking("book", z.object({ berth: z.number() })) };
  return new Mastra({ agents: { porter: new Agent({ id: "porter", name: "Porter", instructions: "Serve.", model, tools }) }, logger: false });
}
