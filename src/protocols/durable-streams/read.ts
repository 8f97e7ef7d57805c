import type { Clock } from "../../core/clock.ts";
import type { Offset } from "../../core/offset.ts";
import { eventStream } from "../sse.ts";
import { cursorAfter } from "./cursor.ts";
import { readPage, type Page, type PageLimits } from "./page.ts";
import { controlEvent, dataEvent, entityTag, matchesTag, positionHeaders } from "./position.ts";
import { parseReadQuery, startOf, type ReadQuery } from "./read-query.ts";
import type { StreamHead, StreamReader } from "./stream-reader.ts";

/** How reads are answered. */
export interface ReadSettings {
  /** How long a long-poll waits for data, in milliseconds. */
  readonly longPollMs: number;
  readonly page: PageLimits;
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Aborted when the server shuts down. */
  readonly closing: AbortSignal;
}

/** What a live read is made of. */
interface LiveRead {
  readonly head: StreamHead;
  readonly after: Offset;
  readonly cursor: string;
}

/**
 * Answers a GET or HEAD on a stream as the Durable Streams protocol has it, sections 5.5 to 5.8.
 * @throws {HoldfastError} OFFSET_INVALID, INPUT_INVALID
 * @see https://github.com/durable-streams/durable-streams/blob/main/PROTOCOL.md
 */
export async function answerRead(reader: StreamReader, request: Request, settings: ReadSettings): Promise<Response> {
  if (request.method === "HEAD") return answerHead(reader);
  const query = parseReadQuery(new URL(request.url).searchParams);
  const head = await reader.head();
  const after = startOf(query, head);
  if (query.live === undefined) return answerCatchUp(reader, query, head, after, request, settings);
  const live = { head, after, cursor: cursorAfter(query.cursor, settings.clock.now(), settings.random()) };
  return query.live === "sse" ? answerEvents(reader, live, settings) : answerLongPoll(reader, live, request, settings);
}

async function answerHead(reader: StreamReader): Promise<Response> {
  const { tail, isClosed } = await reader.head();
  const position = positionHeaders({ next: tail, isUpToDate: false, isClosed });
  return new Response(null, { headers: { ...position, "Content-Type": reader.format.contentType, "Cache-Control": "no-store" } });
}

async function answerCatchUp(
  reader: StreamReader,
  query: ReadQuery,
  head: StreamHead,
  after: Offset,
  request: Request,
  settings: ReadSettings,
): Promise<Response> {
  const page = after === head.tail ? emptyPage(head) : await readPage(reader, after, head.tail, settings.page, request.signal);
  if (query.start === "now") return pageResponse(reader, page, { "Cache-Control": "no-store" });
  const tag = entityTag(reader.id, after, page);
  // What is read belongs to one user and the reply for the tail changes, so a cache may keep it for that user and must ask each time.
  const headers = { ETag: tag, "Cache-Control": "private, no-cache" };
  if (!matchesTag(request.headers.get("If-None-Match"), tag)) return pageResponse(reader, page, headers);
  return new Response(null, { status: 304, headers: { ...positionHeaders(page), ...headers } });
}

async function answerLongPoll(reader: StreamReader, live: LiveRead, request: Request, settings: ReadSettings): Promise<Response> {
  const { head, after, cursor } = live;
  const isWaiting = after === head.tail && !head.isClosed;
  const page = isWaiting ? await waitForPage(reader, after, request.signal, settings) : await pageAtOnce(reader, live, request.signal, settings);
  if (page.contents.length > 0) return pageResponse(reader, page, { "Cache-Control": "no-store" }, cursor);
  return new Response(null, { status: 204, headers: { ...positionHeaders({ ...page, cursor }), "Cache-Control": "no-store" } });
}

function pageAtOnce(reader: StreamReader, { head, after }: LiveRead, signal: AbortSignal, settings: ReadSettings): Promise<Page> {
  return after === head.tail ? Promise.resolve(emptyPage(head)) : readPage(reader, after, head.tail, settings.page, signal);
}

async function waitForPage(reader: StreamReader, after: Offset, requestSignal: AbortSignal, settings: ReadSettings): Promise<Page> {
  const wait = new AbortController();
  const stop = (): void => wait.abort();
  const timer = setTimeout(stop, settings.longPollMs);
  // Not AbortSignal.any: what it makes stays attached to `closing` for the life of the server.
  const signals = [requestSignal, settings.closing];
  for (const signal of signals) signal.addEventListener("abort", stop);
  if (signals.some((signal) => signal.aborted)) stop();
  try {
    return await readPage(reader, after, after, settings.page, wait.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", stop);
  }
}

function answerEvents(reader: StreamReader, live: LiveRead, settings: ReadSettings): Response {
  return eventStream({
    body: (signal) => events(reader, live, signal),
    closing: settings.closing,
    onClosing: "end",
    ...(reader.format.eventStreamHeaders && { headers: reader.format.eventStreamHeaders }),
  });
}

/** Every piece ends with a control event, so that a client cut between two pieces resumes at the exact message. */
async function* events(reader: StreamReader, { head, after, cursor }: LiveRead, signal: AbortSignal): AsyncGenerator<string, void, void> {
  if (after === head.tail) {
    yield controlEvent({ ...emptyPage(head), cursor });
    if (head.isClosed) return;
  }
  for await (const { messages, next, isClosed } of reader.follow(after, signal)) {
    const data = messages.length > 0 ? dataEvent(reader.format.eventData(messages.map((message) => message.content))) : "";
    yield data + controlEvent({ next, isUpToDate: isClosed || next >= head.tail, isClosed, cursor });
    if (isClosed) return;
  }
}

function emptyPage({ tail, isClosed }: StreamHead): Page {
  return { contents: [], next: tail, isUpToDate: true, isClosed };
}

function pageResponse(reader: StreamReader, page: Page, headers: Record<string, string>, cursor?: string): Response {
  const position = positionHeaders({ ...page, ...(cursor !== undefined && { cursor }) });
  return new Response(reader.format.body(page.contents), { headers: { ...position, "Content-Type": reader.format.contentType, ...headers } });
}
