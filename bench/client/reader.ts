import { Agent, request } from "node:http";
import { nowMicros } from "../model/stamp.ts";

/** Bytes and when they came. Nothing is parsed while a stream is read, so that the client costs as little as it can. */
export interface Arrival {
  readonly bytes: Buffer;
  /** Microseconds on the machine's monotonic clock. */
  readonly atMicros: number;
}

/** A response that was read to its end. */
export interface Reading {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly arrivals: readonly Arrival[];
  readonly sentAtMicros: number;
  readonly endedAtMicros: number;
}

export interface ReadOptions {
  /** A JSON body; makes the request a POST. */
  readonly body?: object;
  readonly agent?: Agent;
  /** Called with the first bytes. */
  readonly onFirstBytes?: () => void;
  /** Ends the reading early when a chunk makes it true. */
  readonly isEnough?: (bytes: Buffer) => boolean;
}

/** Keeps connections, one per concurrent request; the default, so that no figure counts a connection being made. */
export const keepAlive: Agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Sends a request and reads the answer to its end. */
export function read(url: string, options: ReadOptions = {}): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const arrivals: Arrival[] = [];
    const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sentAtMicros = nowMicros();
    const outgoing = request(url, { method: body === undefined ? "GET" : "POST", agent: options.agent ?? keepAlive, headers }, (response) => {
      const finish = (): void => resolve({ status: response.statusCode ?? 0, headers: response.headers, arrivals, sentAtMicros, endedAtMicros: nowMicros() });
      response.on("data", (bytes: Buffer) => {
        arrivals.push({ bytes, atMicros: nowMicros() });
        if (arrivals.length === 1) options.onFirstBytes?.();
        if (options.isEnough?.(bytes) === true) {
          finish();
          response.destroy();
        }
      });
      response.on("end", finish);
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Time from the request to the end of its answer, in milliseconds. */
export function durationMs(reading: Reading): number {
  return (reading.endedAtMicros - reading.sentAtMicros) / 1000;
}
