import { mediaType } from "./formats.ts";

/** What a stream remembers about its writers; sections 5.2 and 5.2.1 of the protocol. */
export interface WriterState {
  readonly isClosed: boolean;
  /** The greatest `Stream-Seq` that was accepted. */
  readonly sequence: string | undefined;
  readonly producers: ReadonlyMap<string, { readonly epoch: number; readonly lastSeq: number }>;
  /** The producer's append that closed the stream. */
  readonly closedBy: Producer | undefined;
}

export const FRESH: WriterState = { isClosed: false, sequence: undefined, producers: new Map(), closedBy: undefined };

export interface Producer {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface WriteRequest {
  /** Empty for a request that only closes. */
  readonly contents: readonly string[];
  readonly closes: boolean;
  readonly contentType: string | undefined;
  readonly sequence: string | undefined;
  readonly producer: Producer | undefined;
}

export type WriteDecision =
  | { readonly outcome: "write"; readonly state: WriterState; readonly headers: Readonly<Record<string, string>> }
  | { readonly outcome: "repeated" | "refused"; readonly status: 204 | 400 | 403 | 409; readonly headers: Readonly<Record<string, string>> };

/** Decides what becomes of a write. Whoever writes adds the headers of the offset and of a closed stream. */
export function decideWrite(state: WriterState, contentType: string, request: WriteRequest): WriteDecision {
  const { producer } = request;
  if (state.isClosed) return decideClosed(state, request);
  if (request.contents.length > 0 && mediaType(request.contentType ?? "") !== mediaType(contentType)) return refused(409);
  const fence = producer && decideProducer(state, producer);
  if (fence) return fence;
  if (request.sequence !== undefined && state.sequence !== undefined && request.sequence <= state.sequence) return refused(409);
  return {
    outcome: "write",
    headers: producer ? producerHeaders(producer.epoch, producer.seq) : {},
    state: {
      isClosed: request.closes,
      sequence: request.sequence ?? state.sequence,
      producers: producer ? new Map(state.producers).set(producer.id, { epoch: producer.epoch, lastSeq: producer.seq }) : state.producers,
      closedBy: request.closes ? producer : undefined,
    },
  };
}

function decideClosed({ closedBy }: WriterState, { producer, contents, closes }: WriteRequest): WriteDecision {
  if (producer === undefined) return closes && contents.length === 0 ? { outcome: "repeated", status: 204, headers: {} } : refused(409);
  const isSame = closedBy?.id === producer.id && closedBy.epoch === producer.epoch && closedBy.seq === producer.seq;
  return isSame ? { outcome: "repeated", status: 204, headers: producerHeaders(producer.epoch, producer.seq) } : refused(409);
}

function decideProducer(state: WriterState, { id, epoch, seq }: Producer): WriteDecision | undefined {
  const known = state.producers.get(id);
  if (known && epoch < known.epoch) return refused(403, { "Producer-Epoch": String(known.epoch) });
  if (known && epoch > known.epoch) return seq === 0 ? undefined : refused(400);
  const expected = known ? known.lastSeq + 1 : 0;
  if (seq === expected) return undefined;
  if (known && seq < expected) return { outcome: "repeated", status: 204, headers: producerHeaders(known.epoch, known.lastSeq) };
  return refused(409, { "Producer-Expected-Seq": String(expected), "Producer-Received-Seq": String(seq) });
}

function producerHeaders(epoch: number, seq: number): Record<string, string> {
  return { "Producer-Epoch": String(epoch), "Producer-Seq": String(seq) };
}

function refused(status: 400 | 403 | 409, headers: Readonly<Record<string, string>> = {}): WriteDecision {
  return { outcome: "refused", status, headers };
}

/** The producer that the headers of a request name; `invalid` when they are incomplete or not what they must be. */
export function producerOf(headers: Headers): Producer | undefined | "invalid" {
  const values = [headers.get("Producer-Id"), headers.get("Producer-Epoch"), headers.get("Producer-Seq")] as const;
  if (values.every((value) => value === null)) return undefined;
  const [id, epoch, seq] = values;
  return id && isWhole(epoch) && isWhole(seq) ? { id, epoch: Number(epoch), seq: Number(seq) } : "invalid";
}

function isWhole(text: string | null): boolean {
  return text !== null && /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}
