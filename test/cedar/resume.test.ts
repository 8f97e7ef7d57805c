import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { framesIn, objectsOf, openCedarDesk, questionsIn, replyIn, textOf, type CedarDesk, type CedarObject, type WireFrame } from "./desk.ts";

const CHAT = "/api/chat";

let desk: CedarDesk;
beforeEach(async () => {
  desk = await openCedarDesk();
});
afterEach(() => desk.close());

type Question = ReturnType<typeof questionsIn>[number];

async function asked(prompt: string, threadId?: string): Promise<readonly Question[]> {
  const reply = await replyIn(await desk.send(CHAT, { prompt, ...(threadId !== undefined && { threadId }) }));
  return questionsIn(reply.object);
}

function resume({ runId, stepPath }: Question, resumeData: unknown, options: { readonly isStream?: boolean; readonly as?: string } = {}): Promise<Response> {
  const body = { prompt: "half a thought", runId, stepPath, resumeData, additionalContext: {}, resourceId: "eve", threadId: "" };
  return desk.send(`${CHAT}/resume${options.isStream === true ? "/stream" : ""}`, body, options.as === undefined ? {} : { as: options.as });
}

function first(questions: readonly Question[]): Question {
  const [question] = questions;
  if (question === undefined) throw new Error("Nothing is asked.");
  return question;
}

const APPROVED = { approved: true };

describe("a run that waits for a person", () => {
  it("asks in the JSON reply and in the stream, in the same words", async () => {
    const question = first(await asked("pay"));
    expect(question).toEqual({
      type: "humanInTheLoop",
      status: "suspended",
      runId: expect.stringMatching(/^run_/) as string,
      stepPath: [[expect.stringMatching(/^int_/)]],
      suspendPayload: { toolName: "pay", input: { euros: 90 } },
      message: "May pay be executed?",
      metadata: expect.objectContaining({ kind: "tool-approval", toolName: "pay", input: { euros: 90 } }) as object,
    });
    const frames = await framesIn(await desk.send(`${CHAT}/stream`, { prompt: "pay" }));
    expect(Object.keys(first(questionsIn(objectsOf(frames))))).toEqual(Object.keys(question));
    expect(objectsOf(frames).at(-1)?.["type"]).toBe("humanInTheLoop");
    expect(frames.at(-1)?.event).toBe("done");
    expect(desk.executed).toEqual([]);
  });

  it.each([false, true])("goes on when it is answered after a restart, in a stream: %s", async (isStream) => {
    const question = first(await asked("pay"));
    await desk.restart();
    const response = await resume(question, APPROVED, { isStream });
    expect(response.status).toBe(200);
    const text = isStream ? textOf(await framesIn(response)) : (await replyIn(response)).content;
    expect(text).toBe('Told: {"paid":90}');
    expect(desk.executed).toEqual([{ euros: 90 }]);
  });

  it("says what a tool asks that suspends, and hands it the answer as it is", async () => {
    const question = first(await asked("ask"));
    expect(question).toMatchObject({ message: "Which berth?", suspendPayload: { question: "Which berth?" } });
    expect((await replyIn(await resume(question, { berth: 4 }))).content).toContain("berth");
    expect(desk.executed).toEqual([{ told: { berth: 4 } }]);
  });

  it.each([{ approved: false, reason: "Too dear." }, false])("does not execute what is declined by %j", async (resumeData) => {
    await replyIn(await resume(first(await asked("pay")), resumeData));
    expect(desk.executed).toEqual([]);
  });

  it("asks two questions under two names, and goes on with the second answer", async () => {
    const [one, other] = await asked("twice");
    if (one === undefined || other === undefined) throw new Error("Two questions were expected.");
    expect(other.runId).toBe(`${one.runId}:2`);
    const half = await replyIn(await resume(other, "berth 4"));
    expect(half).toMatchObject({ content: "", object: [{ type: "progress_update", text: "One more question is open." }] });
    expect(desk.executed).toEqual([]);
    const frames = await framesIn(await resume(one, APPROVED, { isStream: true }));
    expect(textOf(frames)).toContain('{"paid":90}');
    expect(desk.executed).toHaveLength(2);
  });

  it.each([
    ["the id", undefined],
    ["the name of the tool", "pay"],
    ["a list", ["pay"]],
    ["a list of lists", [["pay"]]],
  ])("takes %s for its stepPath", async (_, stepPath) => {
    const question = first(await asked("pay"));
    const named = { ...question, stepPath: stepPath ?? (question.stepPath as readonly (readonly string[])[])[0]?.[0] };
    await replyIn(await resume(named, APPROVED));
    expect(desk.executed).toHaveLength(1);
  });
});

describe("an answer", () => {
  it("that comes again gives the same result, and another one is refused", async () => {
    const question = first(await asked("pay"));
    const once = await replyIn(await resume(question, APPROVED));
    expect(await replyIn(await resume(question, APPROVED))).toEqual(once);
    expect((await resume(question, { approved: false })).status).toBe(409);
    const told = await framesIn(await resume(question, { approved: false }, { isStream: true }));
    expect(objectsOf(told)).toEqual([{ type: "progress_update", state: "error", text: expect.stringContaining("answered differently") as string }]);
    expect(desk.executed).toHaveLength(1);
  });

  it("that comes twice at once is taken once", async () => {
    const question = first(await asked("pay"));
    const replies = await Promise.all([resume(question, APPROVED), resume(question, APPROVED, { isStream: true })]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    await Promise.all(replies.map((reply) => reply.text()));
    expect(desk.executed).toHaveLength(1);
  });

  it("to a run that asks nothing is refused, and told of in a stream", async () => {
    const { id } = await replyIn(await desk.send(CHAT, { prompt: "hello" }));
    const nothing: Question = { runId: id, stepPath: [["x"]] };
    expect((await resume(nothing, APPROVED)).status).toBe(409);
    const frames = await framesIn(await resume(nothing, APPROVED, { isStream: true }));
    expect(objectsOf(frames)).toMatchObject([{ state: "error" }]);
  });

  it.each([false, true])("of somebody else, or to an unknown run, is not found, in a stream: %s", async (isStream) => {
    const question = first(await asked("pay"));
    expect((await resume(question, APPROVED, { isStream, as: "bob" })).status).toBe(404);
    expect((await resume({ runId: "run_none", stepPath: [["x"]] }, APPROVED, { isStream })).status).toBe(404);
    expect(desk.executed).toEqual([]);
  });

  it.each([
    ["without a run", { stepPath: [["x"]], resumeData: 1 }, "runId"],
    ["without a step", { runId: "r", resumeData: 1 }, "stepPath"],
    ["with an empty step", { runId: "r", stepPath: [], resumeData: 1 }, "stepPath"],
    ["with numbers for steps", { runId: "r", stepPath: [[1]], resumeData: 1 }, "stepPath"],
    ["without data", { runId: "r", stepPath: "x" }, "resumeData"],
  ])("%s is refused with the list of what is wrong", async (_, body, path) => {
    for (const address of [`${CHAT}/resume`, `${CHAT}/resume/stream`]) {
      const response = await desk.send(address, body);
      expect(response.status).toBe(400);
      const { error, issues } = (await response.json()) as { readonly error: CedarObject; readonly issues: readonly CedarObject[] };
      expect(error["code"]).toBe("INPUT_INVALID");
      expect(issues.map((issue) => String(issue["path"]).split(".")[0])).toContain(path);
    }
  });

  it("that names no question, or does not fit, is refused and leaves the question open", async () => {
    const question = first(await asked("pay"));
    expect((await resume({ ...question, stepPath: [["elsewhere"]] }, APPROVED)).status).toBe(400);
    for (const isStream of [false, true]) {
      const response = await resume(question, { approved: "perhaps" }, { isStream });
      expect(response.status).toBe(400);
      const { issues } = (await response.json()) as { readonly issues: readonly CedarObject[] };
      expect(issues).toEqual([{ path: "resumeData", message: expect.stringContaining("approved: Invalid input: expected boolean") as string }]);
    }
    await replyIn(await resume(question, APPROVED));
    expect(desk.executed).toHaveLength(1);
  });

  it("lets the run ask again", async () => {
    const question = first(await asked("pay", "again"));
    await replyIn(await resume(question, APPROVED));
    expect(await asked("pay", "again")).toHaveLength(1);
  });
});

describe("a stream that is cut", () => {
  async function whole(path: string, body: object): Promise<{ readonly runId: string; readonly frames: readonly WireFrame[] }> {
    const response = await desk.send(path, body);
    const runId = response.headers.get("x-holdfast-run-id") ?? "";
    expect(response.headers.get("x-holdfast-cursor")).toBe(`${runId}:0`);
    return { runId, frames: await framesIn(response) };
  }

  it("goes on behind any frame, by the request again and by the run, after a restart too", async () => {
    const { runId, frames } = await whole(`${CHAT}/stream`, { prompt: "paint it" });
    await desk.restart();
    for (const [index, { id }] of frames.slice(0, -1).entries()) {
      const headers = { "last-event-id": id ?? "" };
      const rest = frames.slice(index + 1);
      expect(await framesIn(await desk.send(`${CHAT}/stream`, { prompt: "paint it" }, { headers }))).toEqual(rest);
      expect(await framesIn(await desk.send(`${CHAT}/runs/${runId}/cedar-stream`, undefined, { headers }))).toEqual(rest);
    }
    expect(await framesIn(await desk.send(`${CHAT}/runs/${runId}/cedar-stream`))).toEqual(frames);
    expect(desk.model.requests).toHaveLength(2);
  });

  it("goes on for its owner only", async () => {
    const { runId, frames } = await whole(`${CHAT}/stream`, { prompt: "hello" });
    const headers = { "last-event-id": frames[0]?.id ?? "" };
    for (const [path, body] of [
      [`${CHAT}/stream`, { prompt: "hello" }],
      [`${CHAT}/resume/stream`, {}],
      [`${CHAT}/runs/${runId}/cedar-stream`, undefined],
    ] as const) {
      expect((await desk.send(path, body, { headers, as: "bob" })).status).toBe(404);
      expect((await desk.send(path, body, { headers: { "last-event-id": "nonsense" } })).status).toBe(400);
    }
  });
});
