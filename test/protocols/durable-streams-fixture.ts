import { Hono } from "hono";
import { expect, vi } from "vitest";
import { HoldfastError } from "../../src/core/error.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/lease.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { durableStreamsRoutes, type DurableStreamsOptions } from "../../src/protocols/durable-streams/routes.ts";
import type { RunLogs, RunMessage } from "../../src/protocols/durable-streams/run-stream.ts";
import { ScriptedRuns } from "../conformance/scripted-runs.ts";

const OWNER: Principal = { resourceId: "owner" };

/** Where the events of the run are read. */
export const EVENTS = "/v1/runs/run-1/events";

/** The event that ends the run. */
export const END: RunEvent = { type: "run-completed" };

export function say(text: string): RunEvent {
  return { type: "text-delta", id: "text-1", text };
}

/** The routes over one run that a test writes; its log begins with two entries, the start of the run and of its first attempt. */
export class ReadRun {
  readonly runs: ScriptedRuns;
  readonly lease: Lease;

  private constructor(runs: ScriptedRuns, lease: Lease) {
    this.runs = runs;
    this.lease = lease;
  }

  static async start(): Promise<ReadRun> {
    const runs = await ScriptedRuns.open();
    return new ReadRun(runs, await runs.start(OWNER, "run-1"));
  }

  append(...events: readonly RunEvent[]): ReturnType<ScriptedRuns["append"]> {
    return this.runs.append(this.lease, events);
  }

  /** An app in which every HoldfastError is a 400 with its code as body. */
  server(options: DurableStreamsOptions = {}, logs: RunLogs = this.runs, principal: Principal = OWNER): Hono<ProtocolEnv> {
    const app = new Hono<ProtocolEnv>();
    app.use("*", async (context, next) => {
      context.set("principal", principal);
      await next();
    });
    app.route("/v1/runs", durableStreamsRoutes(logs, options));
    app.onError((error, context) => context.text(HoldfastError.is(error) ? error.code : String(error), 400));
    return app;
  }

  async get(query = "", options: DurableStreamsOptions = {}, headers: Record<string, string> = {}): Promise<Response> {
    return this.server(options).request(`${EVENTS}${query}`, { headers });
  }

  async isFollowed(): Promise<void> {
    await vi.waitFor(() => expect(this.runs.followers).toBe(1));
  }

  async isLeft(): Promise<void> {
    await vi.waitFor(() => expect(this.runs.followers).toBe(0));
  }
}

export async function messagesOf(response: Response): Promise<readonly RunMessage[]> {
  return (await response.json()) as readonly RunMessage[];
}

export function nextOf(response: Response): string {
  return response.headers.get("Stream-Next-Offset") ?? "";
}

export function textOf(messages: readonly RunMessage[]): string {
  return messages.map(({ event }) => (event.type === "text-delta" ? event.text : "")).join("");
}

export interface SentEvent {
  readonly name: string;
  readonly data: string;
}

/** The events of a reply, comments left out. */
export function eventsOf(text: string): readonly SentEvent[] {
  const frames = text.split("\n\n").filter((frame) => frame.startsWith("event:"));
  return frames.map((frame) => ({
    name: /^event: (.*)$/m.exec(frame)?.[1] ?? "",
    data: [...frame.matchAll(/^data:(.*)$/gm)].map((match) => match[1]).join("\n"),
  }));
}

/** The messages that data events hold. */
export function messagesIn(events: readonly SentEvent[]): readonly RunMessage[] {
  return events.flatMap(({ name, data }) => (name === "data" ? (JSON.parse(data) as RunMessage[]) : []));
}
