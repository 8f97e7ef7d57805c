import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import pino, { type Logger } from "pino";
import { isLoopbackHost } from "../http/loopback.ts";
import { problem } from "../http/problem.ts";
import { createHoldfast, jwtAuth, type Holdfast, type HoldfastOptions } from "../index.ts";
import { EXIT_FAILED, EXIT_MISUSED, refuse, type Command, type Env } from "./command.ts";
import { DEFAULT_STORE, serveSettings, type ServeSettings } from "./config.ts";
import { failure, reasonOf, success, type Result } from "./result.ts";

const USAGE = `Usage: holdfast serve [flags]

Serves the agents of a Mastra instance; without --mastra, a demo agent.

  --mastra <module>   .ts or .js file that exports mastra
  --agent <id>        the agent of requests that name none
  --store <store>     sqlite:<path> or memory; HOLDFAST_STORE, else ${DEFAULT_STORE}
  --port <port>       HOLDFAST_PORT, else 4200; 0 takes any free one
  --host <host>       127.0.0.1 unless given
  --auth <none|jwt>   HOLDFAST_AUTH; without either, none on loopback. jwt checks tokens with
                      HOLDFAST_JWT_SECRET (HS256) or with the keys at HOLDFAST_JWKS_URL
`;

/** How long streams may take to end by themselves once the runs are handed over, in milliseconds. */
const CLOSING_MS = 2_000;

type Server = ReturnType<typeof createAdaptorServer>;

/** `holdfast serve` */
export const serve: Command = {
  usage: USAGE,
  flags: {
    mastra: { type: "string" },
    agent: { type: "string" },
    store: { type: "string" },
    port: { type: "string" },
    host: { type: "string" },
    auth: { type: "string" },
  },
  async run(given, env) {
    if (given.positionals.length > 0) return refuse(`holdfast serve takes no "${given.positionals[0]}"; see holdfast serve --help.`, EXIT_MISUSED);
    const settings = serveSettings(given, env);
    if (!settings.ok) return refuse(settings.message, EXIT_MISUSED);
    const logger = pino({ name: "holdfast" }, pino.destination({ fd: 2, sync: true }));
    // A tool may leave a promise behind that rejects; that must not end the runs of everybody else.
    process.on("unhandledRejection", (error) => logger.error({ err: error }, "a rejected promise was not handled"));
    const stopped = stopSignal();
    const started = await start(settings.value, env, logger);
    if (!started.ok) return refuse(started.message, EXIT_FAILED);
    const { server, holdfast } = started.value;
    for (const warning of settings.value.warnings) logger.warn(warning);
    process.stdout.write(`holdfast listening on ${urlOf(settings.value.host, server.address() as AddressInfo)}\n`);
    logger.info({ signal: await stopped }, "shutting down; a second signal ends the process at once");
    await holdfast.drain();
    await closeServer(server);
    await holdfast.close();
    return 0;
  },
};

async function start(settings: ServeSettings, env: Env, logger: Logger): Promise<Result<{ server: Server; holdfast: Holdfast }>> {
  try {
    const mastra = await mastraOf(settings, env);
    if (!mastra.ok) return mastra;
    // The port comes before the store: an engine takes runs over as soon as it opens, and must not do so only to end again.
    const opened = Promise.withResolvers<Holdfast>();
    const server = createAdaptorServer({ fetch: guarded(settings, async (request) => (await opened.promise).fetch(request)), hostname: settings.host });
    const listening = await listen(server, settings);
    if (!listening.ok) return listening;
    const holdfast = await createHoldfast(holdfastOptions(settings, mastra.value, logger));
    opened.resolve(holdfast);
    return success({ server, holdfast });
  } catch (error) {
    return failure(reasonOf(error));
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

/** Resolves at the first signal to end. From then on both signals do what they do by default: a second one ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.removeListener("SIGTERM", stop);
      process.removeListener("SIGINT", stop);
      resolve(signal);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const timer = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), CLOSING_MS);
  await closed;
  clearTimeout(timer);
}
