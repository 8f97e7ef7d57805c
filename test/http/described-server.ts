import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import type { Hono } from "hono";
import pino from "pino";
import { z } from "zod";
import type { ProtocolEnv } from "../../src/core/protocol.ts";
import { createEngine, type HoldfastEngine } from "../../src/holdfast.ts";
import type { EngineOptions } from "../../src/engine-options.ts";
import { createApp } from "../../src/http/app.ts";
import { mountedProtocols } from "../../src/mounted-protocols.ts";
import { call, crash, hang, lastUserText, say, scriptedModel } from "../../src/testkit/scripted-model.ts";
import { byHeader } from "./test-app.ts";

/** All routes of a server on a real engine; only the model is scripted. */
export interface DescribedServer {
  readonly app: Hono<ProtocolEnv>;
  readonly engine: HoldfastEngine;
  /** Sends a request as `ann`; without credentials where `user` is empty. */
  send(
    method: string,
    path: string,
    options?: { readonly body?: unknown; readonly user?: string; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Response>;
  close(): Promise<void>;
}

/** The agent `io-agent` pays where it is asked to, which needs an approval; hangs, or breaks, where it is asked to; and answers anything else. */
export async function describedServer(options: Partial<EngineOptions> = {}): Promise<DescribedServer> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-described-"));
  const storage = new LibSQLStore({ id: "memory", url: `file:${join(directory, "memory.db")}` });
  const memory = new Memory({ storage });
  const model = scriptedModel({
    calls: (prompt) => {
      if (JSON.stringify(prompt).includes("tool-result")) return [say("Paid.")];
      const asked = lastUserText(prompt);
      if (asked === "pay") return [call("pay", { amount: 3 })];
      if (asked === "hang") return [say("Wait", { isCut: true }), hang()];
      if (asked === "break") return [say("Half"), crash(new Error("broken"))];
      return [say("Hello.")];
    },
  });
  const pay = createTool({
    id: "pay",
    description: "pays",
    inputSchema: z.object({ amount: z.number() }),
    requireApproval: true,
    execute: () => Promise.resolve({ paid: true }),
  });
  const agent = new Agent({ id: "io-agent", name: "Main", instructions: "You sell fruit.", model, memory, tools: { pay } });
  const mastra = new Mastra({ agents: { main: agent }, logger: false, storage });
  const engine = await createEngine({ mastra, store: `sqlite:${join(directory, "runs.db")}`, ...options });
  const app = createApp({
    engine,
    authenticate: byHeader,
    protocols: mountedProtocols(engine, { aiSdkVersion: 7, onFault: () => undefined, onNotice: () => undefined }),
    cors: { origins: "*" },
    logger: pino({ level: "silent" }),
  });
  return {
    app,
    engine,
    send: async (method, path, { body, user = "ann", headers } = {}) => {
      const all = { "content-type": "application/json", ...(user !== "" && { "x-user": user }), ...headers };
      return app.fetch(new Request(`http://holdfast.test${path}`, { method, headers: all, ...(body !== undefined && { body: JSON.stringify(body) }) }));
    },
    async close() {
      await engine.close();
      await storage.close();
      // An aborted agent still tidies its storage for a moment.
      process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
    },
  };
}

/** A chat POST that asks one thing. */
export function chat(id: string, text: string): { readonly body: object } {
  return { body: { id, messages: [{ id: `${id}-q`, role: "user", parts: [{ type: "text", text }] }], trigger: "submit-message" } };
}
