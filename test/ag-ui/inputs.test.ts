import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeRunAgentInput, type AgUiRequest } from "../../src/protocols/ag-ui/decode.ts";
import { conversation, pageToolsOf } from "../../src/protocols/ag-ui/conversation.ts";
import { eventsIn, last, openAgUiDesk, runInput, SSE, textOf, type AgUiDesk } from "./desk.ts";

const RUN = "/ag-ui/agents/porter/run";

function requestOf(fields: Record<string, unknown>): AgUiRequest {
  const decoded = decodeRunAgentInput(runInput("hello", fields));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.faults));
  return decoded.request;
}

function faultsOf(fields: Record<string, unknown>): readonly string[] {
  const decoded = decodeRunAgentInput(runInput("hello", fields));
  return decoded.ok ? [] : decoded.faults.map(({ path }) => path);
}

/** What a model is given of the parts of a message. */
function partsOf(...content: readonly unknown[]): unknown {
  const { messages } = requestOf({ messages: [{ id: "m", role: "user", content }] });
  return conversation(messages)[0]?.["parts"];
}

const NOTHING = [{ type: "text", text: "" }];

describe("a file of a message", () => {
  it("is handed on by its public address", () => {
    const picture = { type: "image", source: { type: "url", value: "https://example.com/a.png" } };
    const paper = { type: "document", source: { type: "url", value: "https://example.com/a.pdf", mimeType: "application/pdf; v=1" } };
    expect(partsOf(picture, paper)).toStrictEqual([
      { type: "file", mediaType: "image/*", url: "https://example.com/a.png" },
      { type: "file", mediaType: "application/pdf", url: "https://example.com/a.pdf" },
    ]);
  });

  it.each([
    "https://169.254.169.254/latest/meta-data",
    "https://2852039166/",
    "https://[::ffff:10.0.0.1]/",
    "https://localhost/",
    "https://ann:secret@example.com/",
    "http://example.com/a.png",
    "a.png",
  ])("is passed over where the server would read what is not public: %s", (value) => {
    expect(partsOf({ type: "image", source: { type: "url", value, mimeType: "image/png" } })).toStrictEqual(NOTHING);
  });

  it.each([
    ["in the alphabet of URLs", "_-8", "/+8="],
    ["without padding", "aGk", "aGk="],
    ["in lines", "aG\r\nk=\n", "aGk="],
  ])("is handed on with its bytes %s", (_, value, bytes) => {
    expect(partsOf({ type: "image", source: { type: "data", value, mimeType: "image/png" } })).toStrictEqual([
      { type: "file", mediaType: "image/png", url: `data:image/png;base64,${bytes}` },
    ]);
  });

  it.each(["", "%%%", "aGk=aGk", "aGkaa", "====", "https://10.0.0.1/"])("is passed over where its bytes are not readable: %j", (value) => {
    expect(partsOf({ type: "image", source: { type: "data", value, mimeType: "image/png" } })).toStrictEqual(NOTHING);
  });

  it.each(["", "pic", "x,y", "image/png,a"])("has the type of its kind where it names none: %j", (mimeType) => {
    expect(partsOf({ type: "audio", source: { type: "data", value: "aGk=", mimeType } })).toStrictEqual([
      { type: "file", mediaType: "audio/*", url: "data:audio/*;base64,aGk=" },
    ]);
  });

  it.each([
    ["image/png", "image"],
    ["audio/mpeg", "audio"],
    ["video/mp4", "video"],
    ["application/pdf", "document"],
    ["imagery/x", "document"],
  ])("is taken from a part of clients before 1.0: %s is of the kind %s", (mimeType, type) => {
    const { messages } = requestOf({
      messages: [
        {
          id: "m",
          role: "user",
          content: [
            { type: "binary", mimeType, id: "f-1", url: "https://example.com/a", data: "aGk=", filename: "a" },
            { type: "binary", mimeType, id: "f-1", url: "https://example.com/a", data: "" },
            { type: "binary", mimeType, id: "f-1" },
          ],
        },
      ],
    });
    expect(messages[0]).toMatchObject({
      content: [
        { type, source: { type: "data", value: "aGk=", mimeType }, metadata: { filename: "a" } },
        { type, source: { type: "url", value: "https://example.com/a", mimeType } },
        { type, source: { type: "file", value: "f-1", mimeType } },
      ],
    });
  });

  it.each([{ mimeType: "image/png" }, { data: "aGk=" }, { mimeType: 1, data: "aGk=" }])(
    "is refused where such a part names no file or no type: %j",
    (fields) => {
      expect(faultsOf({ messages: [{ id: "m", role: "user", content: [{ type: "binary", ...fields }] }] })[0]).toMatch(/^messages\.0\.content/);
    },
  );
});

describe("an input", () => {
  it("may hold null where a client has nothing to say", () => {
    const request = requestOf({ state: null, tools: null, context: null, forwardedProps: null });
    expect(request).toMatchObject({ tools: [], context: [], forwardedProps: {} });
    expect(request).not.toHaveProperty("state");
  });

  it("may hold an answer that is null, also without a thread", () => {
    const { threadId: _none, ...body } = runInput("hello", { resume: [{ interruptId: "i", status: "resolved", payload: null }] });
    expect(decodeRunAgentInput(body, { needsThread: false })).toMatchObject({ ok: true, request: { resume: [{ interruptId: "i", status: "resolved" }] } });
  });

  it.each([
    ["that agree", ["resolved", "resolved"]],
    ["that contradict each other", ["resolved", "cancelled"]],
  ])("is refused with two answers to one question %s", (_, [first, second]) => {
    const resume = [
      { interruptId: "i-1", status: first },
      { interruptId: "i-2", status: "resolved" },
      { interruptId: "i-1", status: second },
    ];
    expect(faultsOf({ resume })).toStrictEqual(["resume.2.interruptId"]);
    expect(faultsOf({ resume: resume.slice(0, 2) })).toStrictEqual([]);
  });

  it.each([
    ["empty", ""],
    ["too long", "n".repeat(129)],
    ["with a control character", "a\nb"],
    ["with half a character", "a\ud800"],
  ])("is refused with a tool whose name is %s", (_, name) => {
    const tool = { name: "locate", description: "d" };
    expect(faultsOf({ tools: [tool, { ...tool, name }] })).toStrictEqual(["tools.1.name"]);
    expect(faultsOf({ tools: [{ ...tool, name: "n".repeat(128) }] })).toStrictEqual([]);
  });

  it("offers the last of the tools of one name", () => {
    const tools = [
      { name: "locate", description: "first" },
      { name: "colour", description: "d" },
      { name: "locate", description: "last", parameters: { type: "object" } },
    ];
    expect(pageToolsOf(requestOf({ tools }).tools)).toStrictEqual([tools[2], tools[1]]);
  });
});

describe("what a log is told of an input", () => {
  it("is nothing where all of it is known", () => {
    expect(requestOf({ parentRunId: "r-0", resume: [] }).notices).toStrictEqual([]);
    expect(requestOf({ protocolVersion: undefined }).notices).toStrictEqual([]);
    expect(requestOf({ protocolVersion: "0.9" }).notices).toStrictEqual([]);
  });

  it("is each member that is not known, by its name only", () => {
    expect(requestOf({ fancy: "secret-1", other: { deep: "secret-2" } }).notices).toStrictEqual([
      "the member fancy is not known",
      "the member other is not known",
    ]);
  });

  it("is bounded, and one line", () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`member\n${index}-${"x".repeat(10_000)}`, 1]));
    const { notices } = requestOf(many);
    expect(notices).toHaveLength(11);
    expect(notices.at(-1)).toBe("15 more members are not known");
    expect(notices.every((notice) => notice.length < 200 && !notice.includes("\n"))).toBe(true);
  });

  it.each([
    ["1.1", "the protocolVersion is newer than 1.0"],
    ["2.0", "the protocolVersion is newer than 1.0"],
    ["latest", "the protocolVersion is not readable"],
    ["1.0.0", "the protocolVersion is not readable"],
  ])("is a version that is not its own: %s", (protocolVersion, notice) => {
    expect(requestOf({ protocolVersion })).toMatchObject({ generation: "1.0", notices: [notice] });
  });
});

describe("a run", () => {
  let desk: AgUiDesk;
  beforeEach(async () => {
    desk = await openAgUiDesk();
  });
  afterEach(() => desk.close());

  it("does not fail for parts that nobody may or can read", async () => {
    const content = [
      { type: "text", text: "look" },
      { type: "image", source: { type: "url", value: "https://169.254.169.254/latest/meta-data", mimeType: "image/png" } },
      { type: "image", source: { type: "data", value: "%%%", mimeType: "image/png" } },
      { type: "binary", mimeType: "image/png", id: "f-1" },
      { type: "binary", mimeType: "image/png", data: "aGk=" },
    ];
    const events = await eventsIn(await desk.send(RUN, runInput("-", { messages: [{ id: "m-parts", role: "user", content }] }), { headers: SSE }));
    expect(last(events).type).toBe("RUN_FINISHED");
    expect(textOf(events)).toBe("You said look.");
    const prompt = JSON.stringify(desk.model.requests.at(-1)?.prompt);
    expect(prompt).toContain("aGk=");
    expect(prompt).not.toContain("169.254");
  });

  it("is refused with two answers to one question", async () => {
    const resume = ["resolved", "cancelled"].map((status) => ({ interruptId: "i-1", status }));
    const response = await desk.send(RUN, runInput("hello", { resume }), { headers: SSE });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("resume.1.interruptId");
  });
});

it("what a request is served without is told to the log, without its values", async () => {
  const lines: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  const noticing = await openAgUiDesk({ logger });
  try {
    await (await noticing.send("/ag-ui/agents/porter/run", { ...runInput("hello"), protocolVersion: "2.7", fancy: "secret" }, { headers: SSE })).text();
    expect(lines.join("")).toContain("fancy");
    expect(lines.join("")).toContain("protocolVersion");
    expect(lines.join("")).not.toContain("secret");
  } finally {
    await noticing.close();
  }
});
