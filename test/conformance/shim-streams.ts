import { randomUUID } from "node:crypto";
import type { RunEvent } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/lease.ts";
import { runStream, type RunMessage } from "../../src/protocols/durable-streams/run-stream.ts";
import type { StreamMessage, StreamReader } from "../../src/protocols/durable-streams/stream-reader.ts";
import { formatOf, type ShimFormat } from "./formats.ts";
import type { ScriptedRuns } from "./scripted-runs.ts";
import { FRESH, type WriterState } from "./write-rules.ts";

const OWNER = { resourceId: "conformance" };

/** A stream of the suite: a run that the product reads, and what its writers need. */
export interface ShimStream {
  readonly format: ShimFormat;
  /** What a second PUT must repeat, besides the content type. */
  readonly expiry: string;
  readonly lease: Lease;
  readonly reader: StreamReader;
  state: WriterState;
}

/** The streams of one suite, each on the log of a run: a message is a data event, and a closed stream is a completed run. */
export class ShimStreams {
  readonly #runs: ScriptedRuns;
  readonly #streams: Map<string, ShimStream> = new Map();

  constructor(runs: ScriptedRuns) {
    this.#runs = runs;
  }

  find(path: string): ShimStream | undefined {
    return this.#streams.get(path);
  }

  async create(path: string, contentType: string, expiry: string): Promise<ShimStream> {
    const lease = await this.#runs.start(OWNER, randomUUID());
    const run = await this.#runs.getRun(OWNER, lease.runId);
    const format = formatOf(contentType);
    const stream = { format, expiry, lease, reader: unwrapped(runStream(this.#runs, OWNER, run), format), state: FRESH };
    this.#streams.set(path, stream);
    return stream;
  }

  /** Appends messages and, with `closes`, the end, in one commit. */
  async write(stream: ShimStream, contents: readonly string[], closes: boolean): Promise<void> {
    const events = contents.map((content): RunEvent => ({ type: "data", name: "message", data: content }));
    const batch: readonly RunEvent[] = closes ? [...events, { type: "run-completed" }] : events;
    if (batch.length > 0) await this.#runs.append(stream.lease, batch);
  }

  delete(path: string): boolean {
    return this.#streams.delete(path);
  }
}

/** The product's stream of a run, with what the suite wrote in place of the entries that hold it. */
function unwrapped(inner: StreamReader, format: ShimFormat): StreamReader {
  return {
    id: inner.id,
    format,
    head: () => inner.head(),
    async *follow(after, signal) {
      for await (const batch of inner.follow(after, signal)) yield { ...batch, messages: batch.messages.flatMap(writtenMessage) };
    },
  };
}

function writtenMessage({ offset, content }: StreamMessage): readonly StreamMessage[] {
  const { event } = JSON.parse(content) as RunMessage;
  return event.type === "data" && typeof event.data === "string" ? [{ offset, content: event.data }] : [];
}
