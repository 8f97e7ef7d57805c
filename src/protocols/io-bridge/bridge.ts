import type { ErrorCode } from "../../core/error.ts";
import type { Principal } from "../../core/principal.ts";
import type { Engine } from "../../core/protocol.ts";

/** What the handlers stand on. */
export interface Bridge {
  readonly engine: Engine;
  /** The HTTP status of every code of a HoldfastError. */
  readonly statusOf: Readonly<Record<ErrorCode, number>>;
  /** Hears of every failure whose cause is kept from the caller. The caller is told the correlation id. */
  readonly onFault: (error: unknown, about: FaultReport) => void;
}

/** Where a failure happened. */
export interface FaultReport {
  readonly correlationId: string;
  readonly method: string;
  readonly path: string;
}

/** A request, whatever server it came through. */
export interface BridgeRequest {
  readonly principal: Principal;
  readonly method: string;
  readonly path: string;
  /** The parameters of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readBody(): Promise<string>;
}

export type BridgeHandler = (bridge: Bridge, request: BridgeRequest) => Promise<Response>;
