import pino from "pino";
import { EXIT_FAILED, EXIT_MISUSED, refuse, type Command } from "./command.ts";
import { DEFAULT_STORE, serveSettings } from "./config.ts";

const USAGE = `Usage: holdfast serve [flags]

Serves the agents of a Mastra instance; without --mastra, a demo agent.

  --mastra <module>   .ts or .js file that exports mastra
  --agent <id>        the agent of requests that name none
  --store <store>     sqlite:<path> or memory; HOLDFAST_STORE, else ${DEFAULT_STORE}
  --port <port>       HOLDFAST_PORT, else 4200; 0 takes any free one
  --host <host>       127.0.0.1 unless given
  --auth <none|jwt>   HOLDFAST_AUTH; without either, none on loopback. jwt checks tokens with
                      HOLDFAST_JWT_SECRET (HS256) or with the keys at HOLDFAST_JWKS_URL, and
                      takes those of HOLDFAST_JWT_ISSUER for HOLDFAST_JWT_AUDIENCE only, where set
`;

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
    // Loaded here, so that a wrong flag is told at once: Mastra and what it needs take a second.
    const { startServing } = await import("./server.ts");
    const serving = await startServing(settings.value, env, logger);
    if (!serving.ok) return refuse(serving.message, EXIT_FAILED);
    for (const warning of settings.value.warnings) logger.warn(warning);
    process.stdout.write(`holdfast listening on ${serving.value.url}\n`);
    logger.info({ signal: await stopped }, "shutting down; a second signal ends the process at once");
    await serving.value.stop();
    return 0;
  },
};

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
