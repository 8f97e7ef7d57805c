import type { Run } from "../../src/core/run.ts";
import { call, say, type Script } from "../../src/testkit/scripted-model.ts";
import { partsOf } from "../../src/testkit/scripted-prompt.ts";
import { browserTool, resultPath, runBody, startRun, type EventReader } from "./events.ts";
import type { Host } from "./host.ts";

/** Asks the browser once in a conversation, then says what it got. */
export const ASKS: Script = (prompt) => {
  const results = partsOf(prompt, "tool-result").map(({ output }) => (output as { readonly value: unknown }).value);
  if (results.length === 0) return [say("Let me see."), call("pick", { of: "fruit" }, { id: "call-1" })];
  return [say(`Got ${JSON.stringify(results)}.`)];
};

/** A run that has asked the browser for something. */
export interface Held {
  readonly events: EventReader;
  readonly body: ReturnType<typeof runBody>;
  readonly runId: string;
  readonly callId: string;
  answer(given: unknown, options?: { readonly user?: string; readonly through?: Pick<Host, "send"> }): Promise<Response>;
}

export async function hold(host: Host, fields: Partial<Parameters<typeof runBody>[0]> = {}): Promise<Held> {
  const body = runBody({ tools: [browserTool("pick")], ...fields });
  const events = await startRun(host, body);
  const callId = String((await events.until("TOOL_CALL_END"))["toolCallId"]);
  const { runId } = body;
  return {
    events,
    body,
    runId,
    callId,
    answer: (given, { user = "ann", through = host } = {}) => through.send("POST", resultPath(runId, callId), { body: given, user }),
  };
}

/** The messages that a client sends once its browser has run the tool. */
export function answeredBy(held: Held, content: string): readonly object[] {
  return [
    ...(held.body["messages"] as readonly object[]),
    { id: "a1", role: "assistant", toolCalls: [{ id: held.callId, type: "function", function: { name: "pick", arguments: '{"of":"fruit"}' } }] },
    { id: "t1", role: "tool", toolCallId: held.callId, content },
  ];
}

/** The newest run of ann's that her client gave an id. */
export async function runNamed(host: Pick<Host, "engine">, clientRunId: string): Promise<Run> {
  const { runs } = await host.engine.listRuns({ resourceId: "ann" }, { clientRunId, limit: 1 });
  const [run] = runs;
  if (run === undefined) throw new Error(`no run ${clientRunId}`);
  return run;
}

/** What a stock client sends its requests through. */
export function fetchFrom(host: Pick<Host, "send">): (url: string, init: RequestInit) => Promise<Response> {
  return (url, { body, headers }) =>
    host.send("POST", new URL(url).pathname, { text: typeof body === "string" ? body : "", headers: Object.fromEntries(new Headers(headers)) });
}
