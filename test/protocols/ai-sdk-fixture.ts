import { Hono } from "hono";
import { HoldfastError } from "../../src/core/error.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { DONE_FRAME, frameOf, type AiSdkVersion, type UiMessageChunk } from "../../src/protocols/ai-sdk/chunk.ts";
import { aiSdkEncoder } from "../../src/protocols/ai-sdk/encode.ts";
import { aiSdkRoutes } from "../../src/protocols/ai-sdk/routes.ts";
import type { FakeEngine } from "./fake-engine.ts";

const STATUS: Readonly<Record<string, number>> = {
  INPUT_INVALID: 400,
  NOT_SUPPORTED: 501,
  RUN_NOT_FOUND: 404,
  THREAD_NOT_FOUND: 404,
  AGENT_NOT_FOUND: 404,
  INTERRUPT_NOT_FOUND: 404,
  ALREADY_ANSWERED: 409,
};

/** The routes as a server mounts them, for whoever the `x-user` header names; each call is a server of its own. */
export function serverOf(engine: FakeEngine, version: AiSdkVersion = 7): Hono<ProtocolEnv> {
  const app = new Hono<ProtocolEnv>();
  app.onError((error) => {
    if (!HoldfastError.is(error)) throw error;
    return Response.json({ code: error.code, message: error.message }, { status: STATUS[error.code] ?? 500 });
  });
  app.use(async (context, next) => {
    context.set("principal", { resourceId: context.req.header("x-user") ?? "ada" });
    await next();
  });
  app.route("/api/chat", aiSdkRoutes(engine, { version }));
  return app;
}

/** A text run's first events: five chunks with two words. */
export function opening(runId: string, threadId = "chat-1"): readonly RunEvent[] {
  return [
    { type: "run-started", messageId: `msg_${runId}`, threadId, agentId: "agent" },
    { type: "attempt-started", attempt: 1 },
    { type: "step-started", step: 0 },
    { type: "text-start", id: "t" },
    { type: "text-delta", id: "t", text: `${runId}: one ` },
    { type: "text-delta", id: "t", text: "two " },
  ];
}

/** Its last events: four chunks. */
export const ENDING: readonly RunEvent[] = [
  { type: "text-delta", id: "t", text: "three" },
  { type: "text-end", id: "t" },
  { type: "step-finished", step: 0, isContinued: false },
  { type: "run-completed", finishReason: "stop" },
];

/** The frames of a run, without the end of the stream. */
export function framesOf(runId: string, events: readonly RunEvent[], version: AiSdkVersion = 7): readonly string[] {
  const { initial, encode } = aiSdkEncoder({ version, runId });
  const chunks: UiMessageChunk[] = [];
  let state = initial;
  for (const event of events) {
    const [next, encoded] = encode(state, event);
    state = next;
    chunks.push(...encoded);
  }
  return chunks.map(frameOf);
}

/** What a client of the whole run receives. */
export function wholeOf(runId: string, events: readonly RunEvent[]): string {
  return framesOf(runId, events).join("") + DONE_FRAME;
}

/** Everything that a response sends, without comments; `end` says how it stopped. */
export async function bodyOf(response: Response): Promise<{ readonly text: string; readonly end: "complete" | "reset" }> {
  const reader = new StreamReader(response);
  return { text: await reader.readUntil(undefined), end: reader.end ?? "complete" };
}

/** Reads a response while it is open. */
export class StreamReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  end: "complete" | "reset" | undefined;

  constructor(response: Response) {
    if (response.body === null) throw new Error(`The response has no body, status ${response.status}.`);
    this.#reader = response.body.getReader();
  }

  /** Reads until the text holds what is waited for, or to the end; comments are left out. */
  async readUntil(part: string | undefined): Promise<string> {
    const isThere = (): boolean => part !== undefined && this.#text.includes(part);
    while (this.end === undefined && !isThere()) {
      try {
        const { done, value } = await this.#reader.read();
        if (done) this.end = "complete";
        else this.#text += this.#decoder.decode(value, { stream: true });
      } catch {
        this.end = "reset";
      }
    }
    return this.#text.replaceAll(": ping\n\n", "");
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** The body of a POST with one message of the user. */
export function chatBody(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ messages: [{ id: "u1", role: "user", parts: [{ type: "text", text: "When is high water?" }] }], ...fields });
}
