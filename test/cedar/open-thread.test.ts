import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { framesIn, objectsOf, openCedarDesk, questionsIn, replyIn, type CedarDesk, type CedarObject } from "./desk.ts";

const CHAT = "/api/chat";

let desk: CedarDesk;
beforeEach(async () => {
  desk = await openCedarDesk();
});
afterEach(() => desk.close());

interface Open {
  readonly threadId: string;
  readonly answers: readonly object[];
  readonly questions: readonly CedarObject[];
}

async function open(threadId: string, as = "ann"): Promise<Open> {
  return (await (await desk.send(`${CHAT}/threads/${encodeURIComponent(threadId)}/cedar-open`, undefined, { as })).json()) as Open;
}

it("has the questions of a thread in the words and under the names that the stream asked them by", async () => {
  const asked = objectsOf(await framesIn(await desk.send(`${CHAT}/stream`, { prompt: "twice", threadId: "a/b" })), "humanInTheLoop");
  expect((await open("a/b")).questions).toEqual(asked);
  const [one, other] = questionsIn(asked);
  await replyIn(await desk.send(`${CHAT}/resume`, { runId: one?.runId, stepPath: one?.stepPath, resumeData: { approved: true } }));
  expect((await open("a/b")).questions).toEqual([other]);
});

it("has the answers that are under way, with what was said before a question", async () => {
  const [question] = questionsIn((await replyIn(await desk.send(CHAT, { prompt: "pay wait", threadId: "trip" }))).object);
  const resumed = desk.send(`${CHAT}/resume/stream`, { runId: question?.runId, stepPath: question?.stepPath, resumeData: { approved: true } });
  await vi.waitFor(async () => expect((await open("trip")).answers).toHaveLength(1));
  const runId = (await resumed).headers.get("x-holdfast-run-id");
  expect(await open("trip")).toEqual({ threadId: "trip", answers: [{ runs: [question?.runId, runId], isOfWorkflow: false }], questions: [] });
  desk.release();
  await (await resumed).text();
  expect((await open("trip")).answers).toEqual([]);
});

it("has the answer that is at work, however many are queued behind it", async () => {
  await desk.close();
  desk = await openCedarDesk({ onBusyThread: "queue" });
  const ask = async (prompt: string): Promise<string | null> => {
    const answer = await desk.send(`${CHAT}/stream`, { prompt, threadId: "busy" });
    await answer.body?.cancel();
    return answer.headers.get("x-holdfast-run-id");
  };
  const asked = [await ask("wait")];
  for (let count = 1; count <= 101; count += 1) asked.push(await ask("hello"));
  expect((await open("busy")).answers).toEqual(asked.map((runId) => ({ runs: [runId], isOfWorkflow: false })));
});

it("answers about ids of every kind", async () => {
  for (const id of ["a".repeat(3_000), "\u0000", "%", "'; --", "東京", ".well-known"])
    expect(await open(id)).toEqual({ threadId: id, answers: [], questions: [] });
  expect((await desk.send(`${CHAT}/threads/%E0%A4%A/cedar-open`)).status).toBe(200);
});

it("has nothing for anybody else, and finds the thread of a page that names none", async () => {
  const { threadId } = await replyIn(await desk.send(CHAT, { prompt: "pay", threadId: "default-thread" }));
  expect(await open("default-thread")).toMatchObject({ threadId, questions: [{ message: "May pay be executed?" }] });
  for (const id of [threadId, "default-thread", "unknown"]) expect(await open(id, "bob")).toMatchObject({ answers: [], questions: [] });
  expect((await desk.send(`${CHAT}/threads/x/cedar-open`, undefined, { as: "nobody" })).status).toBe(401);
});
