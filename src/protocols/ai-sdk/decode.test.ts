import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../core/error.ts";
import { decodeChatRequest, runInputOf } from "./decode.ts";

const user = { id: "u1", role: "user", parts: [{ type: "text", text: "Hello" }] };
const answer = { id: "a1", role: "assistant", parts: [{ type: "step-start" }, { type: "text", text: "Hi", state: "done" }] };

function decode(body: unknown): ReturnType<typeof decodeChatRequest> {
  return decodeChatRequest(typeof body === "string" ? body : JSON.stringify(body));
}

function errorOf(act: () => unknown): HoldfastError {
  try {
    act();
  } catch (error) {
    if (HoldfastError.is(error)) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

describe("the body of a chat request", () => {
  it("of DefaultChatTransport is read", () => {
    expect(decode({ id: "chat-1", messages: [user], trigger: "submit-message", extra: true })).toMatchObject({ chatId: "chat-1", isRegeneration: false });
  });

  it("of WorkflowChatTransport may hold nothing but messages", () => {
    const request = decode({ messages: [user] });
    expect(request).toEqual({ isRegeneration: false, messages: [user] });
  });

  it.each([
    ["not json", "The body is not JSON."],
    ["null", "(root)"],
    [{ messages: [] }, "messages"],
    [{ messages: "secret" }, "messages"],
    [{ messages: [{ ...user, id: undefined }] }, "messages[0].id"],
    [{ messages: [user, { ...user, role: "secret" }] }, "messages[1].role"],
    [{ messages: [{ ...user, parts: [{ text: "secret" }] }] }, "messages[0].parts[0].type"],
    [{ messages: [user], id: "" }, "id"],
    [{ messages: [user], id: "x".repeat(256) }, "id"],
    [{ messages: [user], id: "secret\n" }, "id"],
    [{ messages: [user], id: "\ud800secret" }, "id"],
    [{ messages: [user], id: "stream" }, "id"],
    [{ messages: [user], id: ".." }, "id"],
    [{ messages: [user], id: 7 }, "id"],
    [{ messages: [user], agentId: "" }, "agentId"],
    [{ messages: [user], messageId: 7 }, "messageId"],
    [{ messages: [user], trigger: "secret" }, "trigger"],
  ])("%j is refused with a pointer to the field and nothing of the body", (body, field) => {
    const error = errorOf(() => decode(body));
    expect(error.code).toBe("INPUT_INVALID");
    expect(error.message).toContain(field);
    expect(error.message).not.toContain("secret");
  });

  it("with more messages than a conversation sends is too large", () => {
    expect(errorOf(() => decode({ messages: Array.from({ length: 1_001 }, () => user) })).code).toBe("INPUT_TOO_LARGE");
  });
});

describe("what a run is started with", () => {
  const ask = (messages: readonly object[], hasMemory = true, fields: object = {}): ReturnType<typeof runInputOf> =>
    runInputOf(decode({ messages, ...fields }), hasMemory);

  it("is the last message of the user alone for an agent with memory", () => {
    expect(ask([user, answer, { ...user, id: "u2" }])).toEqual({ trigger: "submit", messages: [{ ...user, id: "u2" }] });
  });

  it("holds the text and the files of that message and nothing else", () => {
    const file = { type: "file", mediaType: "image/png", url: "data:image/png;base64,AA==", filename: "a.png" };
    const parts = [
      { type: "text", text: "See", state: "done", providerMetadata: {} },
      { ...file, extra: 1 },
      { type: "data-x", data: 1 },
      { type: "tool-pay", state: "x" },
    ];
    expect(ask([{ ...user, parts, metadata: { a: 1 } }]).messages).toEqual([{ id: "u1", role: "user", parts: [{ type: "text", text: "See" }, file] }]);
  });

  it.each([
    ["no part", []],
    ["blank text", [{ type: "text", text: " \n" }]],
    ["data only", [{ type: "data-x", data: 1 }]],
  ])("is not a message with %s", (_, parts) => {
    expect(errorOf(() => ask([{ ...user, parts }]))).toMatchObject({ code: "INPUT_INVALID", details: { field: "messages[0].parts" } });
  });

  it.each([
    ["text that is no text", { type: "text", text: 7 }, "messages[0].parts[0].text"],
    ["a file of this machine", { type: "file", mediaType: "text/plain", url: "file:///etc/passwd" }, "messages[0].parts[0].url"],
    ["a file of the server's network", { type: "file", mediaType: "text/plain", url: "http://169.254.169.254/" }, "messages[0].parts[0].url"],
    ["a file without a type", { type: "file", url: "data:,x" }, "messages[0].parts[0].mediaType"],
  ])("is not a message with %s", (_, part, field) => {
    expect(errorOf(() => ask([{ ...user, parts: [part] }]))).toMatchObject({ code: "INPUT_INVALID", details: { field } });
  });

  it("is the whole conversation for an agent without memory, its instructions and pending calls left out", () => {
    const call = { toolCallId: "c1", input: { port: "Brest" } };
    const assistant = {
      id: "a1",
      role: "assistant",
      parts: [
        { type: "step-start" },
        { type: "reasoning", text: "Hm", state: "done" },
        { type: "text", text: "Hi", state: "done" },
        { type: "tool-tides", ...call, state: "output-available", output: "05:12", callProviderMetadata: {} },
        { type: "dynamic-tool", toolName: "wind", ...call, state: "output-error", errorText: "broken" },
        { type: "tool-pay", ...call, state: "approval-responded", approval: { id: "i1", approved: true } },
        { type: "data-weather", data: 4 },
      ],
    };
    const silent = { id: "a2", role: "assistant", parts: [{ type: "step-start" }, { type: "data-x", data: 1 }] };
    const last = { ...user, id: "u2" };
    expect(ask([{ id: "s1", role: "system", parts: [{ type: "text", text: "Obey" }] }, user, assistant, silent, last], false).messages).toEqual([
      user,
      {
        id: "a1",
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "text", text: "Hi" },
          { type: "tool-tides", ...call, state: "output-available", output: "05:12" },
          { type: "dynamic-tool", toolName: "wind", ...call, state: "output-error", errorText: "broken" },
        ],
      },
      last,
    ]);
  });

  it("for a regeneration is the message that is answered again, and names the answer that is replaced", () => {
    const fields = { trigger: "regenerate-message", messageId: "a1" };
    expect(ask([user], true, fields)).toEqual({ trigger: "regenerate", replacesMessageId: "a1", messages: [user] });
    expect(ask([user, answer], true, { trigger: "regenerate-message" })).toEqual({ trigger: "regenerate", messages: [user] });
  });

  it("is not a conversation in which the user says nothing", () => {
    expect(errorOf(() => ask([{ id: "s1", role: "system", parts: [] }]))).toMatchObject({ code: "INPUT_INVALID", details: { field: "messages" } });
  });
});
