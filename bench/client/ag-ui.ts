import { randomUUID } from "node:crypto";
import type { Script } from "../model/script.ts";
import { PLAIN_AGENT } from "../servers/names.ts";
import { accepted } from "./chat.ts";
import { read, type Reading } from "./reader.ts";
import type { Subject } from "./server-process.ts";

/** Where a server takes AG-UI runs of the agent without memory. */
const PATHS: Readonly<Partial<Record<Subject, string>>> = {
  holdfast: `/ag-ui/agents/${PLAIN_AGENT}/run`,
  copilotkit: `/copilotkit/agent/${PLAIN_AGENT}/run`,
};

/** Starts a run on a thread of its own, with what a CopilotKit browser sends, and reads its events. Throws when the server refuses it. */
export async function agUi(url: string, subject: Subject, script: Script): Promise<Reading> {
  const message = { id: randomUUID(), role: "user", content: JSON.stringify(script) };
  const body = { threadId: randomUUID(), runId: randomUUID(), state: {}, messages: [message], tools: [], context: [], forwardedProps: {} };
  return accepted(await read(`${url}${PATHS[subject] ?? ""}`, { body }));
}
