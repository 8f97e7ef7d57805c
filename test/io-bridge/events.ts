import type { Host } from "./host.ts";

/** An event as it came over the wire, with the id of its frame. */
export interface WireEvent {
  readonly [field: string]: unknown;
  readonly type: string;
  readonly frameId: string;
}

/** A stream of events that is read one by one. */
export interface EventReader {
  /** Everything that was read. */
  readonly seen: readonly WireEvent[];
  /** Reads on to the next event that fits, and gives it; fails where the stream ends before. */
  until(fits: string | ((event: WireEvent) => boolean)): Promise<WireEvent>;
  /** Reads on to the end. */
  rest(): Promise<readonly WireEvent[]>;
  /** As a lost connection does. */
  drop(): Promise<void>;
}

export function readEvents(response: Response): EventReader {
  if (response.status !== 200 || response.body === null) throw new Error(`no stream: ${response.status}`);
  const seen: WireEvent[] = [];
  const bytes = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const next = async (): Promise<WireEvent | undefined> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const event = frameOf(text.slice(0, end));
        text = text.slice(end + 2);
        if (event === undefined) continue;
        seen.push(event);
        return event;
      }
      const { done, value } = await bytes.read();
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  };
  return {
    seen,
    async until(fits) {
      for (let event = await next(); event !== undefined; event = await next()) {
        if (typeof fits === "string" ? event.type === fits : fits(event)) return event;
      }
      throw new Error(`the stream ended with ${seen.map(({ type }) => type).join(" ")}`);
    },
    async rest() {
      while ((await next()) !== undefined);
      return seen;
    },
    drop: () => bytes.cancel(),
  };
}

function frameOf(frame: string): WireEvent | undefined {
  const lines = frame.split("\n");
  const data = lines.find((line) => line.startsWith("data: "));
  if (data === undefined) return undefined;
  const id = lines.find((line) => line.startsWith("id: "));
  return { ...(JSON.parse(data.slice("data: ".length)) as { type: string }), frameId: id?.slice("id: ".length) ?? "" };
}

let runs = 0;

/** The body of a run, with what a test does not care about filled in. */
export function runBody(fields: {
  readonly text?: string;
  readonly runId?: string;
  readonly threadId?: string | undefined;
  readonly messages?: readonly object[];
  readonly tools?: readonly object[];
  readonly context?: readonly object[];
  readonly forwardedProps?: Readonly<Record<string, unknown>>;
  readonly protocolVersion?: string;
}): Record<string, unknown> & { readonly runId: string; readonly threadId: string | undefined } {
  runs += 1;
  const { text = "Hi", messages, forwardedProps = {}, ...rest } = fields;
  const runId = fields.runId ?? `run-${runs}`;
  const threadId = "threadId" in fields ? fields.threadId : `thread-${runs}`;
  return {
    state: {},
    tools: [],
    context: [],
    ...rest,
    runId,
    threadId,
    messages: messages ?? [{ id: `q-${runs}`, role: "user", content: text }],
    forwardedProps,
  };
}

/** Starts a run and gives its events. */
export async function startRun(host: Pick<Host, "send">, body: Record<string, unknown>, options: Parameters<Host["send"]>[2] = {}): Promise<EventReader> {
  const response = await host.send("POST", "/io-bridge/run", { ...options, body, headers: { accept: "text/event-stream", ...options.headers } });
  if (response.status !== 200) throw new Error(`the run was refused: ${response.status} ${await response.text()}`);
  return readEvents(response);
}

export function typesOf(events: readonly WireEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}

/** How many deltas a text comes in depends on how busy the machine is. */
export function withoutRepeats(types: readonly string[]): readonly string[] {
  return types.filter((type, index) => type !== types[index - 1]);
}

/** The text of every message of a stream together. */
export function textOf(events: readonly WireEvent[]): string {
  return events.map(({ type, delta }) => (type === "TEXT_MESSAGE_CONTENT" ? String(delta) : "")).join("");
}

export function resultPath(runId: string, toolCallId: string): string {
  return `/io-bridge/runs/${runId}/tool-calls/${toolCallId}/result`;
}

/** A tool that a browser runs. */
export function browserTool(name: string): object {
  return { name, description: `${name}, in the browser`, parameters: { type: "object", properties: {} } };
}
