import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { Hono } from "hono";
import pino from "pino";
import { z } from "zod";
import type { EngineOptions } from "../../src/engine-options.ts";
import { createEngine, type HoldfastEngine } from "../../src/holdfast.ts";
import { createApp } from "../../src/http/app.ts";
import { noAuth } from "../../src/http/auth.ts";
import { HTTP_STATUS } from "../../src/http/problem.ts";
import { IoMastraBridgeFactory, type IoMastraBridge } from "../../src/io-bridge.ts";
import { BRIDGE_DOCUMENT } from "../../src/protocols/io-bridge/openapi.ts";
import { ioBridgeRoutes } from "../../src/protocols/io-bridge/routes.ts";
import { say, scriptedModel, type ScriptedModel, type ScriptedModelOptions } from "../../src/testkit/scripted-model.ts";

/** The two ways in: the routes of a Mastra server, and those of `holdfast serve`. */
export type Mount = "createHonoRoutes" | "holdfast serve";
export const MOUNTS: readonly Mount[] = ["createHonoRoutes", "holdfast serve"];

export interface HostOptions {
  readonly mount: Mount;
  /** Default: the answer "Hello."; the model of every agent. */
  readonly script?: ScriptedModelOptions["calls"];
  readonly model?: Partial<ScriptedModelOptions>;
  /** Whether requests are asked who they are: by their `x-user`. */
  readonly isOpen?: boolean;
  readonly hasMemory?: boolean;
  readonly tools?: Record<string, unknown>;
  readonly engine?: Partial<EngineOptions>;
  /** More of the configuration of the agent. */
  readonly agent?: object;
}

/** A real server over a real Mastra; only the model is scripted. */
export interface Host {
  readonly engine: HoldfastEngine;
  readonly mastra: Mastra;
  readonly model: ScriptedModel;
  readonly memory: Memory;
  /** What the other agent keeps its threads in. */
  readonly otherMemory: Memory;
  /** Names of tools that were executed on the server. */
  readonly executed: string[];
  /** What callers were not told. */
  readonly faults: { readonly error: unknown; readonly correlationId: string }[];
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
  /** As a deploy does: the engine hands its runs over, and another one opens on the same store. */
  restart(): Promise<void>;
  /** A second server on the same store and the same memory, as another machine would be. */
  second(): Promise<Pick<Host, "send" | "engine">>;
  close(): Promise<void>;
}

export interface SendOptions {
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export async function openHost(options: HostOptions): Promise<Host> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-io-bridge-"));
  const executed: string[] = [];
  const faults: Host["faults"] = [];
  const [storage, otherStorage] = ["memory", "other"].map((id) => new LibSQLStore({ id, url: `file:${join(directory, `${id}.db`)}` }));
  const memory = new Memory({ ...(storage && { storage }), options: { lastMessages: 50 } });
  const otherMemory = new Memory({ ...(otherStorage && { storage: otherStorage }), options: { lastMessages: 50 } });
  const model = scriptedModel({ ...options.model, calls: options.script ?? [[say("Hello.")]] });
  const add = createTool({
    id: "add",
    description: "adds",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => {
      executed.push("add");
      return Promise.resolve({ sum: a + b });
    },
  });
  const common = { instructions: "You sell fruit.", model, tools: { add, ...(options.tools as object) } };
  const remembers = options.hasMemory !== false;
  const main = new Agent({ ...common, id: "io-agent", name: "Main", ...(remembers && { memory }), ...options.agent });
  const other = new Agent({ ...common, id: "other", name: "Other", ...(remembers && { memory: otherMemory }) });
  const mastra = new Mastra({ agents: { main, other }, logger: false, ...(storage && { storage }) });
  const open = (): Promise<HoldfastEngine> => createEngine({ mastra, store: `sqlite:${join(directory, "runs.db")}`, ...options.engine });
  const serve = (engine: HoldfastEngine): Host["send"] => senderOf(mounted(options, engine, mastra, faults));
  const others: HoldfastEngine[] = [];
  let engine = await open();
  let send = serve(engine);
  return {
    mastra,
    model,
    memory,
    otherMemory,
    executed,
    faults,
    get engine() {
      return engine;
    },
    send: (...request) => send(...request),
    async restart() {
      await engine.close();
      engine = await open();
      send = serve(engine);
    },
    async second() {
      const another = await open();
      others.push(another);
      return { engine: another, send: serve(another) };
    },
    async close() {
      await Promise.all([engine, ...others].map((one) => one.close()));
      for (const one of [storage, otherStorage]) await one?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function mounted({ mount, isOpen }: HostOptions, engine: HoldfastEngine, mastra: Mastra, faults: Host["faults"]): { fetch: Hono["fetch"] } {
  const onFault = (error: unknown, { correlationId }: { readonly correlationId: string }): void => void faults.push({ error, correlationId });
  const userOf = (header: string | null | undefined): { resourceId: string } | undefined => (header ? { resourceId: header } : undefined);
  if (mount === "holdfast serve") {
    const routes = ioBridgeRoutes(engine, { statusOf: HTTP_STATUS, onFault });
    const authenticate = isOpen === true ? noAuth() : async (request: Request) => userOf(request.headers.get("x-user"));
    const protocols = [{ path: "/io-bridge", routes, openapi: BRIDGE_DOCUMENT }];
    const app = createApp({ engine, authenticate, protocols, cors: { origins: "*" }, logger: pino({ level: "silent" }) });
    return { fetch: app.fetch };
  }
  const bridge = IoMastraBridgeFactory({ engine, onFault, ...(isOpen !== true && { authenticate: (context) => userOf(context.req.header("x-user")) }) });
  return mastraServer(bridge, mastra);
}

/** Mounts routes as a Mastra server does. */
export function mastraServer(bridge: IoMastraBridge.API, mastra: Mastra): Hono {
  const app = new Hono<{ Variables: { mastra: Mastra } }>();
  app.use(async (context, next) => {
    context.set("mastra", mastra);
    await next();
  });
  for (const { method, path, handler } of bridge.createHonoRoutes()) app.on(method, path, handler);
  return app as unknown as Hono;
}

export function senderOf({ fetch }: { readonly fetch: Hono["fetch"] }): Host["send"] {
  return async (method, path, { body, text, user = "ann", headers, signal } = {}) => {
    const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const all = { ...(sent !== undefined && { "content-type": "application/json" }), ...(user !== "" && { "x-user": user }), ...headers };
    return fetch(new Request(`http://host.test${path}`, { method, headers: all, ...(sent !== undefined && { body: sent }), ...(signal && { signal }) }));
  };
}

/** Opens hosts that are closed by `close`. */
export function hosts(): { open(options: HostOptions): Promise<Host>; close(): Promise<void> } {
  const opened: Host[] = [];
  return {
    async open(options) {
      const host = await openHost(options);
      opened.push(host);
      return host;
    },
    async close() {
      await Promise.all(opened.splice(0).map((host) => host.close()));
    },
  };
}

/** The body of an answer as JSON. */
export async function json<Body = Record<string, unknown>>(response: Response): Promise<Body> {
  return (await response.json()) as Body;
}
