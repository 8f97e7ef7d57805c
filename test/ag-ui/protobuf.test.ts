import { AGUI_MEDIA_TYPE, decode } from "@ag-ui/proto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { framesIn, openAgUiDesk, runInput, SSE, type AgUiDesk, type WireEvent } from "./desk.ts";

let desk: AgUiDesk;
beforeEach(async () => {
  desk = await openAgUiDesk();
});
afterEach(() => desk.close());

const RUN = "/ag-ui/agents/porter/run";
const BINARY = { accept: AGUI_MEDIA_TYPE };

/** The messages of a binary body. */
function messagesIn(body: ArrayBuffer): readonly WireEvent[] {
  const view = new DataView(body);
  const events: WireEvent[] = [];
  for (let at = 0; at < body.byteLength;) {
    const length = view.getUint32(at);
    events.push(decode(new Uint8Array(body, at + 4, length)));
    at += 4 + length;
  }
  return events;
}

function withoutCursor(event: WireEvent): { readonly event: unknown; readonly cursor: unknown } {
  const { metadata, ...rest } = event as WireEvent & { readonly metadata: { readonly holdfast: { readonly cursor: string } } };
  const { cursor, ...marks } = metadata.holdfast;
  return { event: { ...rest, ...(Object.keys(marks).length > 0 && { metadata: { holdfast: marks } }) }, cursor };
}

it.each([["add"], ["break"], ["pay"], ["hello"]])("a client that asks for protobuf is sent the same events: %s", async (text) => {
  const input = runInput(text);
  const response = await desk.send(RUN, input, { headers: BINARY });
  expect(response.headers.get("content-type")).toBe(AGUI_MEDIA_TYPE);
  const binary = messagesIn(await response.arrayBuffer()).map(withoutCursor);
  const frames = await framesIn(await desk.send(RUN, input, { headers: SSE }));
  expect(binary.map(({ event }) => event)).toEqual(frames.map(({ event }) => event));
  expect(binary.map(({ cursor }) => cursor)).toEqual(frames.map(({ id }) => id));
  const rest = await desk.send(RUN, input, { headers: { ...BINARY, "last-event-id": frames[4]?.id ?? "" } });
  expect(messagesIn(await rest.arrayBuffer())).toHaveLength(frames.length - 5);
});

it("a client before 1.0 is answered in text whatever it accepts, and so is one that does not say", async () => {
  const { protocolVersion: _none, ...older } = runInput("hello");
  expect((await desk.send(RUN, older, { headers: BINARY })).headers.get("content-type")).toBe("text/event-stream");
  expect((await desk.send(RUN, runInput("hello"), { headers: { accept: `${AGUI_MEDIA_TYPE};q=0, text/event-stream` } })).headers.get("content-type")).toBe(
    "text/event-stream",
  );
  expect((await desk.send(RUN, runInput("hello"), { headers: { accept: "*/*" } })).headers.get("content-type")).toBe(AGUI_MEDIA_TYPE);
});
