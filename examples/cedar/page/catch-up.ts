import { useCedarStore } from "cedar-os";
import { restoreQuestions } from "holdfast/client/cedar";
import { HOLDFAST } from "./session.ts";

/** Shows what a page that was loaded anew has missed: an answer that is under way, and the questions that are open. */
export async function catchUp(threadId: string, token: string): Promise<void> {
  const runId = await activeRun(threadId, token);
  if (runId !== undefined) await waitFor(runId, threadId, token);
  await restoreQuestions(useCedarStore, { threadId, holdfastURL: HOLDFAST });
}

async function activeRun(threadId: string, token: string): Promise<string | undefined> {
  const answer = await fetch(`${HOLDFAST}/v1/runs?status=pending,running&limit=1&threadId=${encodeURIComponent(threadId)}`, { headers: bearer(token) });
  if (!answer.ok) return undefined;
  return ((await answer.json()) as { readonly runs: readonly { readonly id: string }[] }).runs[0]?.id;
}

/** The frames of a run from its beginning are handed to Cedar as if it had asked for them. */
async function waitFor(runId: string, threadId: string, token: string): Promise<void> {
  const store = useCedarStore.getState();
  store.setIsProcessing(true);
  try {
    const answer = await fetch(`${HOLDFAST}/api/chat/runs/${runId}/cedar-stream`, { headers: bearer(token) });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let unread = "";
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      const frames = (unread + part.value).split("\n\n");
      unread = frames.pop() ?? "";
      if (useCedarStore.getState().mainThreadId !== threadId) return await reader?.cancel();
      for (const frame of frames) await show(frame);
    }
  } finally {
    store.setIsProcessing(false);
  }
}

async function show(frame: string): Promise<void> {
  const data = /^data: (.+)$/m.exec(frame)?.[1];
  if (data === undefined) return;
  const object = JSON.parse(data) as { readonly content?: string; readonly type?: string };
  const store = useCedarStore.getState();
  if (object.type === undefined) store.appendToLatestMessage(object.content ?? "");
  else await store.handleLLMResponse([object] as never);
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
