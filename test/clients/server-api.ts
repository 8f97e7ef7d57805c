import type { ChatMessage } from "./chat-client.ts";
import { until } from "./waiting.ts";

/** What the tests ask the server directly, past every proxy. */

export interface RunState {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
}

export async function loadMessages(serverUrl: string, chatId: string): Promise<readonly ChatMessage[]> {
  const { messages } = (await json(`${serverUrl}/api/chat/${chatId}/messages`)) as { messages: readonly ChatMessage[] };
  return messages;
}

/** Newest first. */
export async function listRuns(serverUrl: string, chatId: string): Promise<readonly RunState[]> {
  const { runs } = (await json(`${serverUrl}/v1/runs?threadId=${chatId}`)) as { runs: readonly RunState[] };
  return runs;
}

export async function newestRun(serverUrl: string, chatId: string): Promise<RunState> {
  const [run] = await listRuns(serverUrl, chatId);
  if (run === undefined) throw new Error(`Nothing has run in chat ${chatId}.`);
  return run;
}

export async function untilRunIs(status: string, serverUrl: string, chatId: string): Promise<void> {
  await until(async () => (await newestRun(serverUrl, chatId)).status === status, `the run is ${status}`);
}

export async function stopChat(serverUrl: string, chatId: string): Promise<{ readonly stopped: boolean }> {
  const response = await fetch(`${serverUrl}/api/chat/${chatId}/stop`, { method: "POST" });
  return (await response.json()) as { stopped: boolean };
}

export interface Question {
  readonly id: string;
  readonly runId: string;
  readonly kind: string;
  readonly status: string;
  readonly toolName: string;
}

/** The questions of a chat, those of the run that asked last first. */
export async function listQuestions(serverUrl: string, chatId: string): Promise<readonly Question[]> {
  const { interrupts } = (await json(`${serverUrl}/v1/interrupts?threadId=${chatId}`)) as { interrupts: readonly Question[] };
  return interrupts;
}

/** Answers the question about a tool, past the chat. */
export async function answerQuestion(serverUrl: string, chatId: string, toolName: string, answer: unknown): Promise<{ readonly runId?: string }> {
  const question = (await listQuestions(serverUrl, chatId)).find((one) => one.toolName === toolName && one.status === "pending");
  const response = await fetch(`${serverUrl}/v1/interrupts/${question?.id}/answer`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ answer }),
  });
  if (!response.ok) throw new Error(`The answer about ${toolName} was refused with ${response.status}: ${await response.text()}`);
  return (await response.json()) as { readonly runId?: string };
}

/** The tools that were executed for a chat, in order. */
export async function executedFor(serverUrl: string, chatId: string): Promise<readonly string[]> {
  return (await json(`${serverUrl}/executed/${chatId}`)) as readonly string[];
}

/** The data of every event that an uncut reader of the run gets. */
export async function replay(serverUrl: string, runId: string): Promise<readonly string[]> {
  const response = await fetch(`${serverUrl}/api/chat/${runId}/stream?startIndex=0`);
  const frames = (await response.text()).split("\n\n").filter((frame) => frame.startsWith("data: "));
  return frames.map((frame) => frame.slice("data: ".length)).filter((data) => data !== "[DONE]");
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
