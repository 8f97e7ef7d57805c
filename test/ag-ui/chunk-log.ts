import { AgentScope } from "../../src/mastra/agent-scope.ts";
import { ChunkRecorder, type ChunkSignal } from "../../src/mastra/chunk-recorder.ts";
import type { AttemptContext } from "../../src/core/agent-source.ts";
import type { FinishReason, RunEvent, TerminalEvent } from "../../src/core/event.ts";
import type { InterruptRequest } from "../../src/core/interrupt.ts";
import { offsetOf } from "../../src/core/offset.ts";
import { TRUNCATION_MARKER } from "../../src/mastra/model-marker.ts";
import type { ChunkCase, Given } from "./chunk-script.ts";

/** What became of one chunk in the log. */
export interface Recorded {
  /** The type of the chunk; none for what the driver tells by itself. */
  readonly chunkType?: string;
  readonly events: readonly RunEvent[];
}

/** The log of the run that Mastra streamed these chunks for, with the end of it at its last chunk. */
export async function recorded({ chunks, isCanceled = false }: Pick<ChunkCase, "chunks" | "isCanceled">): Promise<readonly Recorded[]> {
  const driver = new ScriptedDriver();
  const log: Recorded[] = [
    {
      events: [
        { type: "run-started", messageId: "msg_1", threadId: "thread-1", agentId: "helper" },
        { type: "attempt-started", attempt: 1 },
      ],
    },
  ];
  for (const given of chunks) log.push({ ...typeOf(given), events: await driver.take(given) });
  const last = log.pop();
  return last === undefined ? log : [...log, { ...last, events: [...last.events, driver.end(isCanceled)] }];
}

function typeOf(given: Given): { readonly chunkType?: string } {
  return "type" in given && typeof given["type"] === "string" ? { chunkType: given["type"] } : {};
}

/** Records chunks and ends the run as the driver of an agent does, without an agent. */
class ScriptedDriver {
  readonly #recorder: ChunkRecorder;
  readonly #scope: AgentScope;
  readonly #interrupts: InterruptRequest[] = [];
  #events: RunEvent[] = [];
  #failure: string | undefined;
  #finish: { readonly finishReason?: FinishReason } = {};

  constructor() {
    const attempt = {
      attempt: 1,
      transcript: { steps: [], offset: offsetOf(1), usage: {}, end: undefined, nested: new Map() },
      emit: (event: RunEvent) => void this.#events.push(event),
      commit: () => Promise.resolve(),
      checkpoint: () => undefined,
    } as unknown as AttemptContext;
    this.#recorder = new ChunkRecorder(attempt, (signal) => this.#note(signal));
    const recorder = this.#recorder;
    this.#scope = new AgentScope(
      { attempt, state: () => recorder.state, onScope: (scope) => recorder.register(scope), onHookError: () => undefined },
      "helper",
    );
  }

  async take(given: Given): Promise<readonly RunEvent[]> {
    this.#events = [];
    // Behind a failure nothing more is read.
    if (this.#failure === undefined) {
      if ("driver" in given) this.#tell(given.driver as RunEvent);
      else if (isTruncation(given)) this.#failure = "The model's answer ended before it was complete.";
      else await this.#recorder.take(given);
    }
    return this.#events;
  }

  end(isCanceled: boolean): TerminalEvent {
    if (isCanceled) return { type: "run-canceled", reason: "The user stopped it." };
    if (this.#failure !== undefined) return failed(this.#failure);
    if (this.#interrupts.length > 0) return { type: "run-suspended", interrupts: this.#interrupts };
    return this.#finish.finishReason === "error" ? failed("The model reported an error.") : { type: "run-completed", ...this.#finish };
  }

  #note(item: ChunkSignal): void {
    if (item.signal === "error") this.#failure ??= item.message;
    if (item.signal === "finish") this.#finish = item.finishReason === undefined ? {} : { finishReason: item.finishReason };
    if (item.signal === "interrupt") this.#ask(item.request);
    if (item.signal === "unknown-chunk") throw new Error(`A chunk of type ${item.chunkType} is not known.`);
  }

  /** As the gate of a tool asks, which alone knows a number for the question. */
  #ask(asked: InterruptRequest): void {
    const { toolCallId, toolName } = asked;
    const request: InterruptRequest = { ...asked, id: `int_golden_1_${this.#interrupts.length}` };
    this.#tell({ type: "tool-interrupted", toolCallId, toolName, request });
  }

  #tell(event: RunEvent): void {
    this.#events.push(event);
    if (event.type !== "tool-interrupted") return;
    this.#interrupts.push(event.request);
    this.#scope.markInterrupted(event.toolCallId);
  }
}

function isTruncation(given: Given): boolean {
  return (given as { readonly payload?: { readonly holdfast?: unknown } }).payload?.holdfast === TRUNCATION_MARKER;
}

function failed(message: string): TerminalEvent {
  return { type: "run-failed", error: { code: "AGENT_FAILED", message } };
}
