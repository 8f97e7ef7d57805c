import { once } from "node:events";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { createHoldfast, type BusyThreadPolicy } from "../../../src/index.ts";
import { Executions } from "./executions.ts";
import { Gates } from "./gates.ts";
import { DEFAULT_AGENT, scriptedMastra } from "./mastra.ts";

/**
 * The server that the tests start as a process of its own. `POST /gates/:key` lets a waiting answer go on, `GET /executed/:chat` lists the
 * tools that were executed for a chat.
 */

export interface ServerSettings {
  /** Where the store and the memory are; kept over restarts. */
  readonly folder: string;
  readonly port: number;
  readonly aiSdkVersion: 6 | 7;
  readonly onBusyThread?: BusyThreadPolicy;
}

const HOST = "127.0.0.1";
/** How long a shutdown waits for the runs, in milliseconds: the tests want them handed over, not finished. */
const GRACE_MS = 100;
const GATE_PATH = "/gates/";
const EXECUTED_PATH = "/executed/";

const settings = JSON.parse(process.env["CLIENTS_SERVER"] ?? "") as ServerSettings;
const gates = new Gates();
const executions = new Executions(join(settings.folder, "executed.jsonl"));
const opened = Promise.withResolvers<Awaited<ReturnType<typeof createHoldfast>>>();
const server = createAdaptorServer({
  hostname: HOST,
  fetch: async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith(EXECUTED_PATH)) return Response.json(executions.of(decodeURIComponent(pathname.slice(EXECUTED_PATH.length))));
    if (!pathname.startsWith(GATE_PATH)) return (await opened.promise).fetch(request);
    gates.open(decodeURIComponent(pathname.slice(GATE_PATH.length)));
    return new Response(null, { status: 204 });
  },
});
server.listen(settings.port, HOST);
await once(server, "listening");

const holdfast = await createHoldfast({
  mastra: scriptedMastra(join(settings.folder, "memory.db"), gates, executions),
  store: `sqlite:${join(settings.folder, "runs.db")}`,
  auth: "none",
  defaultAgent: DEFAULT_AGENT,
  aiSdk: { version: settings.aiSdkVersion },
  onBusyThread: settings.onBusyThread ?? "reject",
});
opened.resolve(holdfast);
process.send?.("ready");

await once(process, "SIGTERM");
await holdfast.drain(GRACE_MS);
server.close();
if ("closeIdleConnections" in server) server.closeIdleConnections();
await once(server, "close");
await holdfast.close();
process.exit(0);
