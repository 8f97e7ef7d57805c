import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort, ServerProcess } from "./server-process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** URL of a server for clients of AI SDK 6. */
    readonly serverV6: string;
    /** URL of a server for clients of AI SDK 7. */
    readonly serverV7: string;
  }
}

/** Starts the servers that all test files share. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-clients-"));
  const [v6, v7] = await Promise.all(([6, 7] as const).map((version) => start(scratch, version)));
  if (v6 === undefined || v7 === undefined) throw new Error("The servers did not start.");
  project.provide("serverV6", v6.url);
  project.provide("serverV7", v7.url);
  return async () => {
    await Promise.all([v6.end("SIGTERM"), v7.end("SIGTERM")]);
    rmSync(scratch, { recursive: true, force: true });
  };
}

async function start(scratch: string, aiSdkVersion: 6 | 7): Promise<ServerProcess> {
  const folder = mkdtempSync(join(scratch, `v${aiSdkVersion}-`));
  return ServerProcess.start({ folder, port: await freePort(), aiSdkVersion });
}
