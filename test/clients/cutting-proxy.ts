import { once } from "node:events";
import { createServer, request as sendRequest, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Where a response is cut, by a clean end of its body or by a reset of its connection. */
export interface Cut {
  /** After so many data events; before the head of the response; or after the event that says that the run was aborted. */
  readonly after: number | "nothing" | "abort";
  readonly by: "end" | "reset";
}

/** One request that came by, and what its client was handed. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
  /** Undefined while there is no answer, and when the server did not give one. */
  readonly status: number | undefined;
  /** The data of each event that was passed on; `[DONE]` is none. */
  readonly events: readonly string[];
  readonly isCut: boolean;
}

export interface ProxyOptions {
  /** Decides once per request, counted from 0 over those that pass; nothing: not cut. */
  readonly cut?: (exchange: Exchange, index: number) => Cut | undefined;
  /** Called when the head of an answer was passed on. */
  readonly onAnswer?: (exchange: Exchange, index: number) => void;
  /** Called for each data event that was passed on. */
  readonly onEvent?: (data: string, exchange: Exchange, index: number) => void;
}

// What is unread when a connection is reset is lost to the client; with a moment to read, the cut falls where it is meant to.
const BEFORE_RESET_MS = 4;

type Writable<T> = { -readonly [field in keyof T]: T[field] };
type Draft = Writable<Omit<Exchange, "events">> & { events: string[] };

/** A proxy between a client and the server that cuts answers inside their event stream, and remembers what went through. */
export class CuttingProxy {
  readonly exchanges: Exchange[] = [];
  readonly #target: string;
  readonly #options: ProxyOptions;
  readonly #server: Server;

  private constructor(target: string, options: ProxyOptions) {
    this.#target = target;
    this.#options = options;
    this.#server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing).catch(() => outgoing.destroy()));
  }

  static async open(target: string, options: ProxyOptions = {}): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every event that was passed on, over all answers. */
  get events(): readonly string[] {
    return this.exchanges.flatMap((exchange) => exchange.events);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = incoming;
    const index = this.exchanges.length;
    const exchange: Draft = { method, path, contentType: headers["content-type"], body: "", status: undefined, events: [], isCut: false };
    this.exchanges.push(exchange);
    for await (const piece of incoming.setEncoding("utf8")) exchange.body += piece;
    const cut = this.#options.cut?.(exchange, index);
    const answer = await this.#ask(method, path, headers, exchange.body, outgoing);
    // The server went away before it answered: to the client it looks as if it had asked the server itself.
    if (answer === undefined || cut?.after === "nothing") {
      exchange.isCut = answer !== undefined;
      answer?.destroy();
      resetConnection(outgoing);
      return;
    }
    exchange.status = answer.statusCode ?? 0;
    outgoing.writeHead(exchange.status, answer.headers);
    outgoing.flushHeaders();
    this.#options.onAnswer?.(exchange, index);
    try {
      await this.#passBody(answer, outgoing, exchange, index, cut);
    } catch {
      // The server broke off.
      resetConnection(outgoing);
    } finally {
      answer.destroy();
    }
  }

  async #ask(method: string, path: string, headers: IncomingMessage["headers"], body: string, outgoing: ServerResponse): Promise<IncomingMessage | undefined> {
    const request = sendRequest(new URL(path, this.#target), { method, headers: { ...headers, host: new URL(this.#target).host }, agent: false });
    outgoing.once("close", () => request.destroy());
    request.end(body);
    try {
      const [answer] = (await once(request, "response")) as [IncomingMessage];
      return answer;
    } catch {
      return undefined;
    } finally {
      request.on("error", () => undefined);
    }
  }

  async #passBody(answer: IncomingMessage, outgoing: ServerResponse, exchange: Draft, index: number, cut: Cut | undefined): Promise<void> {
    if (cut?.after === 0) return cutOff(outgoing, exchange, cut);
    if (answer.headers["content-type"] !== "text/event-stream") {
      for await (const piece of answer) outgoing.write(piece);
      outgoing.end();
      return;
    }
    let rest = "";
    for await (const piece of answer.setEncoding("utf8")) {
      rest += piece;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        const frame = rest.slice(0, end + 2);
        rest = rest.slice(end + 2);
        outgoing.write(frame);
        const data = dataOf(frame);
        if (data === undefined) continue;
        exchange.events.push(data);
        this.#options.onEvent?.(data, exchange, index);
        if (cut && isReached(cut, data, exchange)) return cutOff(outgoing, exchange, cut);
      }
    }
    outgoing.end(rest);
  }
}

function isReached({ after }: Cut, data: string, { events }: Draft): boolean {
  return after === "abort" ? data.startsWith('{"type":"abort"') : events.length === after;
}

function dataOf(frame: string): string | undefined {
  const data = frame
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice("data: ".length))
    .join("\n");
  return data === "" || data === "[DONE]" ? undefined : data;
}

async function cutOff(outgoing: ServerResponse, exchange: Draft, { by }: Cut): Promise<void> {
  exchange.isCut = true;
  if (by === "end") {
    outgoing.end();
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, BEFORE_RESET_MS));
  resetConnection(outgoing);
}

function resetConnection(outgoing: ServerResponse): void {
  outgoing.socket?.resetAndDestroy();
}
