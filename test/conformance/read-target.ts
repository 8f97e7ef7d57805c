import { Hono } from "hono";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { durableStreamsRoutes } from "../../src/protocols/durable-streams/routes.ts";
import { ScriptedRuns } from "./scripted-runs.ts";
import { listen } from "./server.ts";

/** A server whose runs a client reads while a test decides what happens in them. */
export interface ReadTarget {
  startRun(): Promise<LiveRun>;
  close(): Promise<void>;
}

export interface LiveRun {
  /** Where the events of the run are read. */
  readonly eventsUrl: string;
  /** What every read must send, such as credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lets the agent say a text; resolves once it is in the log. */
  say(text: string): Promise<void>;
  /** Lets the run complete. */
  finish(): Promise<void>;
}

const OWNER = { resourceId: "reader" };
const PART_ID = "text-1";

/** The product's routes over scripted runs. */
export async function openReadTarget(): Promise<ReadTarget> {
  const runs = await ScriptedRuns.open();
  const app = new Hono<ProtocolEnv>();
  app.use("*", async (context, next) => {
    context.set("principal", OWNER);
    await next();
  });
  app.route("/v1/runs", durableStreamsRoutes(runs, { longPollMs: 500 }));
  const server = await listen(app);
  let started = 0;
  return {
    async startRun() {
      started += 1;
      const lease = await runs.start(OWNER, `run-${started}`);
      return {
        eventsUrl: `${server.url}/v1/runs/${lease.runId}/events`,
        headers: {},
        say: async (text) => void (await runs.append(lease, [{ type: "text-delta", id: PART_ID, text }])),
        finish: async () => void (await runs.append(lease, [{ type: "run-completed", finishReason: "stop" }])),
      };
    },
    async close() {
      runs.shutDown();
      await server.close();
    },
  };
}
