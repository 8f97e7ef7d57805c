import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Logger } from "pino";
import { isLoopbackHost } from "../http/loopback.ts";
import { problem } from "../http/problem.ts";
import { createHoldfast, HoldfastError, jwtAuth, type Holdfast, type HoldfastOptions } from "../index.ts";
import type { Env } from "./command.ts";
import type { ServeSettings } from "./config.ts";
import { failure, reasonOf, success, type Result } from "./result.ts";

/** How long streams may take to end by themselves once the runs are handed over, in milliseconds. */
const CLOSING_MS = 2_000;

type Server = ReturnType<typeof createAdaptorServer>;

/** A server that answers requests. */
export interface Serving {
  readonly url: string;
  /** Lets runs end within the grace time, hands the rest over, ends the streams and lets go of port and store. */
  stop(): Promise<void>;
}

/** Loads the agents, opens the store and listens. */
export async function startServing(settings: ServeSettings, env: Env, logger: Logger): Promise<Result<Serving>> {
  try {
    const mastra = await mastraOf(settings, env);
    if (!mastra.ok) return mastra;
    // The port comes before the store: an engine takes runs over as soon as it opens, and must not do so only to end again.
    const opened = Promise.withResolvers<Holdfast>();
    const server = createAdaptorServer({ fetch: guarded(settings, async (request) => (await opened.promise).fetch(request)), hostname: settings.host });
    const listening = await listen(server, settings);
    if (!listening.ok) return listening;
    const holdfast = await createHoldfast(holdfastOptions(settings, mastra.value, logger));
    const agents = holdfast.engine.listAgents().map(({ id }) => id);
    if (settings.defaultAgent !== undefined && !agents.includes(settings.defaultAgent)) {
      await holdfast.close();
      return failure(`There is no agent "${settings.defaultAgent}"; --agent takes ${agents.join(", ")}.`);
    }
    opened.resolve(holdfast);
    return success({
      url: urlOf(settings.host, server.address() as AddressInfo),
      stop: async () => {
        await holdfast.drain();
        await closeServer(server);
        await holdfast.close();
      },
    });
  } catch (error) {
    const isStoreFault = HoldfastError.is(error) && (error.code === "STORE_UNAVAILABLE" || error.code === "STORE_SCHEMA_MISMATCH");
    return failure(isStoreFault ? `Cannot open the store ${settings.store}: ${reasonOf(error)}` : reasonOf(error));
  }
}

async function mastraOf({ mastraModule, store }: ServeSettings, env: Env): Promise<Result<HoldfastOptions["mastra"]>> {
  if (mastraModule === undefined) return (await import("./demo.ts")).demoMastra(store, env);
  return (await import("./mastra-module.ts")).loadMastra(mastraModule);
}

function holdfastOptions(settings: ServeSettings, mastra: HoldfastOptions["mastra"], logger: Logger): HoldfastOptions {
  const { auth, store, defaultAgent } = settings;
  return { mastra, store, logger, auth: auth.kind === "none" ? "none" : jwtAuth(auth.options), ...(defaultAgent !== undefined && { defaultAgent }) };
}

/**
 * A name that somebody else resolves to this machine makes a page of theirs the server's own origin in a browser's eyes; without
 * authentication such a page would be let in.
 */
function guarded(settings: ServeSettings, fetch: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
  if (settings.auth.kind !== "none") return fetch;
  return async (request) =>
    isLoopbackHost(new URL(request.url).hostname)
      ? fetch(request)
      : problem(403, "NOT_AUTHORIZED", "Without authentication this server answers to localhost and loopback addresses only.");
}

async function listen(server: Server, { host, port }: ServeSettings): Promise<Result<void>> {
  try {
    server.listen(port, host);
    await once(server, "listening");
    return success(undefined);
  } catch (error) {
    return failure(listenFault(error, host, port));
  }
}

function listenFault(error: unknown, host: string, port: number): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is taken; choose another with --port.`;
    case "EACCES":
      return `Port ${port} may not be used by this user; choose another with --port.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `This machine has no address ${host}; choose another with --host.`;
    default:
      return `Cannot listen on ${host}, port ${port}: ${reasonOf(error)}`;
  }
}

function urlOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const timer = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), CLOSING_MS);
  await closed;
  clearTimeout(timer);
}
