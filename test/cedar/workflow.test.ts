import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { framesIn, objectsOf, openCedarDesk, questionsIn, replyIn, textOf, type CedarDesk } from "./desk.ts";

const CHAT = "/api/chat";
const SET = { type: "setState", stateKey: "page", setterKey: "paint", args: { colour: "red" } };
const additionalContext = {
  cart: { data: { items: 3 }, source: "subscription" },
  stateSetters: { paint: { name: "paint", stateKey: "page", argsSchema: { type: "object" } }, resume: { name: "resume", stateKey: "humanInTheLoop" } },
};

let desk: CedarDesk;
beforeEach(async () => {
  desk = await openCedarDesk({ cedar: { defaultWorkflow: "cedar-chat" } });
});
afterEach(() => desk.close());

describe("a message that a workflow answers", () => {
  it("is its input, with what the page sent and whose it is", async () => {
    const body = { prompt: "hello", temperature: 0.3, tenant: "acme", resourceId: "eve", additionalContext, context: additionalContext };
    await replyIn(await desk.send(CHAT, body));
    expect(desk.executed[0]).toMatchObject({
      input: { prompt: "hello", temperature: 0.3, tenant: "acme", resourceId: "ann", context: { cart: { data: { items: 3 } } } },
      fields: { tenant: "acme" },
    });
    expect(JSON.stringify(desk.executed[0])).not.toContain("humanInTheLoop");
  });

  it("is told its thread by the name that it has on the server", async () => {
    const { threadId } = await replyIn(await desk.send(CHAT, { prompt: "hello", threadId: "default-thread" }));
    expect(threadId).not.toBe("default-thread");
    expect(desk.executed[0]).toMatchObject({ input: { threadId } });
  });

  it("shows what its steps do and say, and its result once", async () => {
    const frames = await framesIn(await desk.send(`${CHAT}/stream`, { prompt: "hello", additionalContext }));
    expect(textOf(frames)).toBe("You said hello.");
    expect(objectsOf(frames, "setState")).toEqual([SET]);
    expect(objectsOf(frames, "progress_update").map(({ state, text }) => [state, text])).toEqual([
      ["in_progress", "told …"],
      ["in_progress", "Reading."],
      ["complete", "told"],
      ["in_progress", "written …"],
      ["complete", "written"],
    ]);
    const reply = await replyIn(await desk.send(CHAT, { prompt: "hello", additionalContext }));
    expect(reply.content).toBe("You said hello.");
    expect(reply.object?.filter(({ type }) => type === "setState")).toEqual([SET]);
  });

  it("goes to the workflow or the agent that it names", async () => {
    const asked = await replyIn(await desk.send(CHAT, { prompt: "the dishes", workflowId: "cedar-approval" }));
    expect(questionsIn(asked.object)).toHaveLength(1);
    const said = await replyIn(await desk.send(CHAT, { prompt: "the dishes", agentId: "porter" }));
    expect(said.content).toBe("You said the dishes.");
  });

  it("shows why it failed", async () => {
    const frames = await framesIn(await desk.send(`${CHAT}/stream`, { prompt: "x", workflowId: "cedar-broken" }));
    expect(objectsOf(frames).at(-1)).toMatchObject({ type: "progress_update", state: "error", text: "The harbour is closed." });
  });
});

describe("a workflow that waits for a person", () => {
  it.each([
    [false, [["approved"]]],
    [true, undefined],
  ])("goes on after a restart, in a stream: %s, with the path of its step: %j", async (isStream, stepPath) => {
    const asked = await replyIn(await desk.send(CHAT, { prompt: "the dishes", workflowId: "cedar-approval" }));
    const [question] = questionsIn(asked.object);
    expect(question).toMatchObject({ message: "May the dishes be done?", metadata: { kind: "workflow-suspend", stepPath: ["approved"] } });
    await desk.restart();
    const body = { runId: question?.runId, stepPath: stepPath ?? question?.stepPath, resumeData: { approved: true } };
    expect((await desk.send(`${CHAT}/resume`, { ...body, resumeData: { approved: "yes" } })).status).toBe(400);
    const response = await desk.send(`${CHAT}/resume${isStream ? "/stream" : ""}`, body);
    expect(isStream ? textOf(await framesIn(response)) : (await replyIn(response)).content).toBe("Did the dishes.");
    expect((await replyIn(await desk.send(`${CHAT}/resume`, body))).content).toBe("Did the dishes.");
    expect(desk.executed).toEqual([{ approved: true }]);
  });
});
