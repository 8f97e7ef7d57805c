import type { EngineOptions } from "./engine-options.ts";
import { createEngine, type HoldfastEngine } from "./holdfast.ts";
import { createApp } from "./http/app.ts";
import { noAuth, type Authenticate } from "./http/auth.ts";
import type { CorsOptions } from "./http/cross-origin.ts";
import { defaultLogger } from "./http/logger.ts";
import { mountedProtocols, openRoutes } from "./mounted-protocols.ts";
import type { CedarOptions } from "./protocols/cedar/start.ts";

export type * from "./core/agent-source.ts";
export type * from "./core/audit.ts";
export type * from "./core/bill.ts";
export type * from "./core/entry.ts";
export { ERROR_CODES, HoldfastError, type ErrorCode } from "./core/error.ts";
export type * from "./core/event.ts";
export type * from "./core/interrupt.ts";
export type * from "./core/interrupt-store.ts";
export type * from "./core/json.ts";
export type * from "./core/lease.ts";
export type * from "./core/ledger.ts";
export type * from "./core/ledger-store.ts";
export type { Offset } from "./core/offset.ts";
export type * from "./core/outbox.ts";
export type * from "./core/principal.ts";
export type * from "./core/protocol.ts";
export type { BusyThreadPolicy, Run, RunError, RunInput, RunStatus, TerminalStatus } from "./core/run.ts";
export type * from "./core/store.ts";
export type { NestedTranscript, Transcript, TranscriptPart, TranscriptStep, ToolPart } from "./core/transcript.ts";
export type * from "./core/usage.ts";
export type * from "./core/usage-report.ts";
export type { WorkflowStepRecord, WorkflowTranscript } from "./core/workflow-transcript.ts";
export { openMeterSink, stripeSink, webhookSink } from "./billing/index.ts";
export type * from "./billing/index.ts";
export type { BillingOptions, EngineOptions } from "./engine-options.ts";
export type { HoldfastEngine } from "./holdfast.ts";
export { jwtAuth, type Authenticate, type JwtOptions } from "./http/auth.ts";
export type { CorsOptions } from "./http/cross-origin.ts";
export type { CedarOptions } from "./protocols/cedar/start.ts";
export type { ToolCallContext } from "./mastra/tool-context.ts";

/** What {@link createHoldfast} is built from: the engine's options, and how it is reached. */
export interface HoldfastOptions extends EngineOptions {
  /** Who makes a request. `"none"` lets everybody in as one fixed resource; it must be asked for. */
  readonly auth: Authenticate | "none";
  /** The AI SDK major of the clients of `/api/chat`; 7 unless given. */
  readonly aiSdk?: { readonly version: 5 | 6 | 7 };
  /** What answers clients of Cedar-OS that name neither a workflow nor an agent. */
  readonly cedar?: CedarOptions;
  /** Which pages may call from a browser. Unless given: all with `auth`, those of this machine with `"none"`. */
  readonly cors?: CorsOptions;
}

/** A running Holdfast: an engine that works on runs, and the HTTP interface to it. */
export interface Holdfast {
  /** Answers one request; mounts in any server that speaks fetch. */
  fetch(request: Request): Promise<Response>;
  readonly engine: HoldfastEngine;
  /** Takes no more runs, finishes what ends within `graceMs` and hands the rest to other processes. */
  drain(graceMs?: number): Promise<void>;
  /** Stops at once and closes the store; what was running is taken over by the next process that opens it. */
  close(): Promise<void>;
}

/**
 * Opens the store, begins to work on the runs in it that nobody holds, and serves them.
 *
 * @throws {HoldfastError} CONFIG_INVALID, STORE_UNAVAILABLE, STORE_SCHEMA_MISMATCH
 * @example
 * const holdfast = await createHoldfast({ mastra, auth: jwtAuth({ secret }) });
 * export const GET = holdfast.fetch, POST = holdfast.fetch;
 */
export async function createHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  const { auth, aiSdk, cedar, cors, ...engineOptions } = options;
  const logger = options.logger ?? defaultLogger();
  const engine = await createEngine({ ...engineOptions, logger });
  const app = createApp({
    engine,
    authenticate: auth === "none" ? noAuth() : auth,
    open: openRoutes(),
    protocols: mountedProtocols(engine, {
      aiSdkVersion: aiSdk?.version ?? 7,
      cedar,
      onFault: (error, about) => logger.error({ err: error, ...about }, "request failed"),
      onNotice: (notice, about) => logger.warn(about, notice),
    }),
    // Bearer tokens are not sent unasked, so every page may try; without authentication any page that a user opens could read the runs.
    cors: cors ?? { origins: auth === "none" ? "loopback" : "*" },
    logger,
  });
  return {
    fetch: async (request) => app.fetch(request),
    engine,
    drain: (graceMs) => engine.drain(graceMs),
    close: () => engine.close(),
  };
}
