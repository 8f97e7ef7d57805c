/**
 * What a scripted model does in one call, in order. A move is independent of the specification version; a call without
 * {@link stop} or another end is ended with one whose reason fits what was said.
 */
export type Move =
  | {
      readonly move: "text" | "reasoning";
      readonly text: string;
      readonly id?: string;
      readonly pieces: readonly string[];
      readonly isCut: boolean;
      readonly metadata?: Metadata;
    }
  | ToolCallMove
  | { readonly move: "tool-result"; readonly id: string; readonly toolName: string; readonly result: unknown; readonly isError: boolean }
  | { readonly move: "source"; readonly part: Readonly<Record<string, unknown>> }
  | { readonly move: "file"; readonly mediaType: string; readonly data: string | Uint8Array }
  | { readonly move: "part"; readonly part: ProviderPart }
  | { readonly move: "wait"; readonly until: (signal: AbortSignal) => Promise<unknown> }
  | { readonly move: "stop"; readonly reason?: string; readonly usage?: ScriptedUsage; readonly metadata?: Metadata }
  | { readonly move: "cut" }
  | { readonly move: "crash"; readonly error: unknown }
  | { readonly move: "refuse"; readonly error: unknown };

export interface ToolCallMove {
  readonly move: "tool-call";
  readonly toolName: string;
  /** The arguments as JSON text. */
  readonly input: string;
  readonly id?: string;
  /** The pieces in which the arguments arrive before the call; none: the call comes at once. */
  readonly pieces: readonly string[];
  readonly providerExecuted?: boolean;
  readonly metadata?: Metadata;
}

/** A part as a provider streams it. */
export interface ProviderPart {
  readonly [field: string]: unknown;
  readonly type: string;
}

export interface ScriptedUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens?: number;
  readonly cachedInputTokens?: number;
}

export type Metadata = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface TextOptions {
  /** Default: counted within the call. */
  readonly id?: string;
  /** In how many deltas the text comes; default: one per word. */
  readonly deltas?: number;
  /** Leave the part open. */
  readonly isCut?: boolean;
  readonly metadata?: Metadata;
}

/** Says a text. */
export function say(text: string, options: TextOptions = {}): Move {
  return spoken("text", text, options);
}

/** Thinks; a signature is sent the way Anthropic does, in an empty delta at the end. */
export function think(text: string, options: TextOptions & { readonly signature?: string } = {}): Move {
  const { signature, ...rest } = options;
  return spoken("reasoning", text, signature === undefined ? rest : { ...rest, metadata: { scripted: { signature } } });
}

function spoken(move: "text" | "reasoning", text: string, { id, deltas, isCut = false, metadata }: TextOptions): Move {
  const pieces = deltas === undefined ? (text.match(/\s*\S+\s*$|\s*\S+/g) ?? [text]) : cutInto(text, deltas);
  return { move, text, pieces, isCut, ...(id !== undefined && { id }), ...(metadata !== undefined && { metadata }) };
}

interface CallOptions {
  /** Default: `call_<n>`, counted over the whole conversation, so that it is the same after a restart. */
  readonly id?: string;
  /** In how many pieces the arguments are streamed before the call; default: not at all. */
  readonly pieces?: number;
  readonly providerExecuted?: boolean;
  readonly metadata?: Metadata;
}

/** Calls a tool. Text instead of arguments is sent as it is, so that it need not be JSON. */
export function call(toolName: string, input: object | string = {}, options: CallOptions = {}): Move {
  const { pieces, ...rest } = options;
  const text = typeof input === "string" ? input : JSON.stringify(input);
  return { move: "tool-call", toolName, input: text, pieces: pieces === undefined ? [] : cutInto(text, pieces), ...rest };
}

/** The result of a tool that the provider executes itself. */
export function result(id: string, toolName: string, value: unknown, isError: boolean = false): Move {
  return { move: "tool-result", id, toolName, result: value, isError };
}

/** Cites a page. */
export function cite(url: string, title?: string, id: string = url): Move {
  return { move: "source", part: { sourceType: "url", id, url, ...(title !== undefined && { title }) } };
}

/** Cites a document. */
export function citeDocument(id: string, mediaType: string, title: string, filename?: string): Move {
  return { move: "source", part: { sourceType: "document", id, mediaType, title, ...(filename !== undefined && { filename }) } };
}

/** Hands over a file: base64 text or bytes. */
export function attach(mediaType: string, data: string | Uint8Array): Move {
  return { move: "file", mediaType, data };
}

/** Streams a part as it stands. */
export function part(providerPart: ProviderPart): Move {
  return { move: "part", part: providerPart };
}

/** Reports an error inside the stream, as providers do. */
export function raise(error: unknown): Move {
  return { move: "part", part: { type: "error", error } };
}

/** Waits for a gate, or for what the function returns; an abort of the call ends the wait. */
export function wait(until: Promise<unknown> | ((signal: AbortSignal) => Promise<unknown>)): Move {
  return { move: "wait", until: typeof until === "function" ? until : () => until };
}

/** Says nothing more until the call is aborted. */
export function hang(): Move {
  return { move: "wait", until: () => new Promise(() => undefined) };
}

/** Ends the answer. The reason defaults to `tool-calls` after a call, and to `stop`. */
export function stop(options: { readonly reason?: string; readonly usage?: ScriptedUsage; readonly metadata?: Metadata } = {}): Move {
  return { move: "stop", ...options };
}

/** Ends the stream without ending the answer. */
export function cut(): Move {
  return { move: "cut" };
}

/** Breaks the stream off with an error. */
export function crash(error: unknown = new Error("the connection to the provider broke")): Move {
  return { move: "crash", error };
}

/** Fails before anything is streamed. */
export function refuse(error: unknown = new Error("the provider refused the request")): Move {
  return { move: "refuse", error };
}

function cutInto(text: string, count: number): readonly string[] {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, count)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
}
