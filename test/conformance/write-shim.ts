import { Hono, type Context } from "hono";
import { HoldfastError } from "../../src/core/error.ts";
import { formatOffset } from "../../src/core/offset.ts";
import { crossOrigin } from "../../src/http/cross-origin.ts";
import { HTTP_STATUS, problem } from "../../src/http/problem.ts";
import { answerRead, type ReadSettings } from "../../src/protocols/durable-streams/read.ts";
import { securityHeaders } from "../../src/protocols/durable-streams/security-headers.ts";
import { BadContent, formatOf, mediaType } from "./formats.ts";
import type { ShimStream, ShimStreams } from "./shim-streams.ts";
import { decideWrite, producerOf, type WriteRequest } from "./write-rules.ts";

const TTL = /^(0|[1-9]\d*)$/;

/** Serves the streams of a suite: reads by the product's own code, writes by this shim, which the product has no use for. */
export function shimRoutes(streams: ShimStreams, settings: ReadSettings): Hono {
  const app = new Hono();
  app.use("*", securityHeaders, crossOrigin({ origins: "*" }));
  app.get("*", (context) => {
    const stream = streams.find(context.req.path);
    return stream ? answerRead(stream.reader, context.req.raw, settings) : context.notFound();
  });
  app.put("*", (context) => create(streams, context));
  app.post("*", (context) => append(streams, context));
  app.delete("*", (context) => (streams.delete(context.req.path) ? context.body(null, 204) : context.notFound()));
  app.onError((error, context) => {
    if (error instanceof BadContent) return context.text(error.message, 400);
    if (HoldfastError.is(error)) return problem(HTTP_STATUS[error.code], error.code, error.message);
    throw error;
  });
  return app;
}

async function create(streams: ShimStreams, context: Context): Promise<Response> {
  const { headers } = context.req.raw;
  if (headers.has("Stream-Forked-From") || headers.has("Stream-Fork-Sub-Offset")) return context.text("Forks are not supported.", 501);
  const expiry = expiryOf(headers);
  if (expiry === undefined) return context.text("The expiry is malformed.", 400);
  const contentType = headers.get("Content-Type") ?? "application/octet-stream";
  const closes = isClose(headers);
  const body = new Uint8Array(await context.req.arrayBuffer());
  const known = streams.find(context.req.path);
  if (known) {
    const isSame = mediaType(contentType) === mediaType(known.format.contentType) && expiry === known.expiry && closes === known.state.isClosed;
    return isSame ? created(context, known, 200) : context.text("The stream exists with another configuration.", 409);
  }
  const contents = body.length > 0 ? formatOf(contentType).split(body) : [];
  const stream = await streams.create(context.req.path, contentType, expiry);
  stream.state = { ...stream.state, isClosed: closes };
  await streams.write(stream, contents, closes);
  return created(context, stream, 201);
}

async function created(context: Context, stream: ShimStream, status: 200 | 201): Promise<Response> {
  return context.body(null, status, {
    ...(await stand(stream)),
    "Content-Type": stream.format.contentType,
    ...(status === 201 && { Location: context.req.url }),
  });
}

async function append(streams: ShimStreams, context: Context): Promise<Response> {
  const { headers } = context.req.raw;
  const producer = producerOf(headers);
  if (producer === "invalid") return context.text("The producer headers are malformed.", 400);
  const body = new Uint8Array(await context.req.arrayBuffer());
  const stream = streams.find(context.req.path);
  if (stream === undefined) return context.notFound();
  const closes = isClose(headers);
  const contentType = headers.get("Content-Type") ?? undefined;
  if (body.length === 0 ? !closes : contentType === undefined) return context.text("The request has nothing to append, or no content type.", 400);
  const contents = body.length > 0 ? stream.format.split(body) : [];
  if (body.length > 0 && contents.length === 0) return context.text("An empty array appends nothing.", 400);
  const request: WriteRequest = { contents, closes, contentType, sequence: headers.get("Stream-Seq") ?? undefined, producer };

  // Nothing is awaited between the decision and the write, so that two requests cannot both be next.
  const decision = decideWrite(stream.state, stream.format.contentType, request);
  if (decision.outcome !== "write") return new Response(null, { status: decision.status, headers: { ...(await stand(stream)), ...decision.headers } });
  stream.state = decision.state;
  await streams.write(stream, contents, closes);
  const status = producer && contents.length > 0 ? 200 : 204;
  return new Response(null, { status, headers: { ...(await stand(stream)), ...decision.headers } });
}

/** The headers of section 5.2 that say where a stream stands. */
async function stand(stream: ShimStream): Promise<Record<string, string>> {
  const { tail, isClosed } = await stream.reader.head();
  return { "Stream-Next-Offset": formatOffset(tail), ...(isClosed && { "Stream-Closed": "true" }) };
}

function isClose(headers: Headers): boolean {
  return headers.get("Stream-Closed")?.toLowerCase() === "true";
}

/** The expiry that a PUT asks for as one text, empty for none; `undefined` when it is malformed. The shim never acts on it. */
function expiryOf(headers: Headers): string | undefined {
  const ttl = headers.get("Stream-TTL");
  const expiresAt = headers.get("Stream-Expires-At");
  if (ttl !== null) return TTL.test(ttl) && expiresAt === null ? `ttl ${ttl}` : undefined;
  if (expiresAt === null) return "";
  return Number.isNaN(Date.parse(expiresAt)) ? undefined : `at ${expiresAt}`;
}
