import { HttpAgent, type AgentSubscriber } from "@ag-ui/client";
import { credentialsOf, type AgUiDesk } from "./desk.ts";

/** A stock client of AG-UI 1.0 at the desk. `path`: `/ag-ui/agents/porter/run` unless given. */
export async function stockAgent(
  desk: AgUiDesk,
  options: { readonly threadId: string; readonly as?: string; readonly path?: string; readonly initialMessages?: HttpAgent["messages"] },
): Promise<HttpAgent> {
  const { threadId, as = "ann", path = "/ag-ui/agents/porter/run", initialMessages = [] } = options;
  return new HttpAgent({
    url: `http://desk.test${path}`,
    threadId,
    initialMessages,
    headers: { authorization: await credentialsOf(as) },
    fetch: (url: string, init: RequestInit) => desk.holdfast.fetch(new Request(url, init)),
  });
}

/** Resumes with the same answer to every question that is open. */
export function answering(agent: HttpAgent, entry: object = { status: "resolved", payload: { approved: true } }): { readonly resume: never[] } {
  return { resume: agent.pendingInterrupts.map(({ id }) => ({ interruptId: id, ...entry })) as never[] };
}

/** Gathers the types of the events of a run. */
export function typesInto(types: string[]): AgentSubscriber {
  return { onEvent: ({ event }) => void types.push(event.type) };
}

/** What a client shows: ids, roles and texts. */
export function shown(agent: HttpAgent): readonly unknown[] {
  return agent.messages.map((message) => {
    const calls = "toolCalls" in message ? message.toolCalls?.map(({ id }) => id) : undefined;
    return { id: message.id, role: message.role, content: message.content, ...(calls && { calls }) };
  });
}
