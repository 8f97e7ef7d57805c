import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";

/** How one request for a stream is answered. */
export type StreamAnswer =
  /** Frames, and the way they end before their end: after so many of them, and so many bytes of the next one. */
  | { readonly ends?: "well" | "end" | "reset" | "never"; readonly after?: number; readonly bytes?: number; readonly withoutCursor?: boolean }
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** No answer at all. */
  | "nothing"
  /** The whole stream, each byte in a write of its own. */
  | "in-bytes";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface EventServerOptions {
  /** The data of each event. The frame of the first one has the id `c1`; `c0` is the cursor before it. */
  readonly events: readonly string[];
  /** By the number of the stream request, from 0; the whole rest unless given. */
  readonly answer?: (index: number) => StreamAnswer | undefined;
}

/** What the server calls the run whose events it streams. */
export const SERVER_RUN_ID = "server/run";

const CANCEL = /^\/.*v1\/runs\/[^/]+\/cancel$/;

/** A server of one run's events that goes on behind `Last-Event-ID`, and breaks off as it is told. */
export class EventServer {
  readonly streamRequests: SeenRequest[] = [];
  readonly cancelRequests: SeenRequest[] = [];
  /** Resolves when a client has closed the connection of a stream. */
  readonly isLeft: Promise<void>;
  readonly #left = Promise.withResolvers<void>();
  readonly #options: EventServerOptions;
  readonly #server: Server;

  private constructor(options: EventServerOptions) {
    this.#options = options;
    this.isLeft = this.#left.promise;
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing).catch(() => outgoing.destroy()));
  }

  static async open(options: EventServerOptions): Promise<EventServer> {
    const opened = new EventServer(options);
    opened.#server.listen(0, "127.0.0.1");
    await once(opened.#server, "listening");
    return opened;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = incoming;
    let body = "";
    for await (const piece of incoming.setEncoding("utf8")) body += piece;
    const request = { method, path, headers, body };
    if (CANCEL.test(path)) {
      this.cancelRequests.push(request);
      outgoing.writeHead(202).end();
      return;
    }
    this.streamRequests.push(request);
    const answer = this.#options.answer?.(this.streamRequests.length - 1) ?? {};
    if (answer === "nothing") return void outgoing.socket?.resetAndDestroy();
    if (answer !== "in-bytes" && "status" in answer) return void outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    await this.#stream(answer, Number(/^c(\d+)$/.exec(String(headers["last-event-id"]))?.[1] ?? 0), outgoing);
  }

  async #stream(answer: Exclude<StreamAnswer, "nothing" | { readonly status: number }>, from: number, outgoing: ServerResponse): Promise<void> {
    const frames = this.#options.events.map((data, index) => Buffer.from(`id: c${index + 1}\ndata: ${data}\n\n`)).slice(from);
    const { ends = "well", after = frames.length, bytes = 0, withoutCursor = false } = answer === "in-bytes" ? {} : answer;
    const start = withoutCursor ? {} : { "x-holdfast-cursor": "c0" };
    outgoing.writeHead(200, { "content-type": "text/event-stream", "x-holdfast-run-id": SERVER_RUN_ID, ...start });
    outgoing.flushHeaders();
    outgoing.once("close", () => this.#left.resolve());
    const sent = Buffer.concat([...frames.slice(0, after), (frames[after] ?? Buffer.alloc(0)).subarray(0, bytes)]);
    for (const piece of answer === "in-bytes" ? Array.from(sent, (byte) => Buffer.of(byte)) : [sent]) {
      await new Promise((resolve) => void outgoing.write(piece, resolve));
      await setImmediate();
    }
    if (ends === "reset") outgoing.socket?.resetAndDestroy();
    if (ends === "well" || ends === "end") outgoing.end();
  }
}
