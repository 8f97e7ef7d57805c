import { serve } from "@hono/node-server";

/** What every server of the bench is, whoever made it. */
export interface Served {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  close(): Promise<void>;
}

/** What a server process answers to its parent. */
export interface ProcessUsage {
  /** User and system time since the process began, in microseconds. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

/**
 * Serves on a free loopback port, prints the URL as one line, answers `usage` to the parent process, and exits on `stop` or when
 * the parent is gone. The directory for its files is the first argument.
 */
export async function launch(open: (directory: string) => Promise<Served> | Served): Promise<void> {
  const served = await open(process.argv[2] ?? ".");
  const server = serve({ fetch: served.fetch, port: 0, hostname: "127.0.0.1" }, (address) => {
    process.stdout.write(`http://127.0.0.1:${String(address.port)}\n`);
  });
  const exit = (): void => {
    server.close();
    // A profile is written by a process that exits by itself, so nothing here may wait for open connections.
    void served.close().finally(() => process.exit(0));
    setTimeout(() => process.exit(0), 1000).unref();
  };
  process.on("disconnect", exit);
  process.on("message", (message) => {
    if (message === "usage") process.send?.(usage());
    if (message === "stop") exit();
  });
}

function usage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, rssBytes: process.memoryUsage.rss() };
}

/** The body of a chat request, as every server of the bench takes it. */
export interface ChatBody {
  readonly id: string;
  readonly agentId: string;
  readonly messages: readonly { readonly id: string; readonly role: "user"; readonly parts: readonly { readonly type: "text"; readonly text: string }[] }[];
}
