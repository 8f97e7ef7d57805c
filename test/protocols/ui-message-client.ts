import type { RunEvent } from "../../src/core/event.ts";
import type { AiSdkVersion, UiMessageChunk } from "../../src/protocols/ai-sdk/chunk.ts";

/** The part of a message that a client shows, as far as the tests compare it. */
export interface ShownPart {
  readonly type: string;
  readonly id?: string;
  text?: string;
  state?: string;
  value?: unknown;
}

/**
 * The calls that a message has from the runs before, by what this one says was answered: a call of the run's own agent, and a call inside
 * it only where the question showed it.
 */
export function callsBefore(events: readonly RunEvent[], version: AiSdkVersion): readonly string[] {
  return events.flatMap((event) => {
    if (event.type !== "interrupt-answered") return [];
    const { kind, toolCallId } = event;
    const isShown = kind === "frontend-tool" || (kind === "tool-approval" && version >= 6);
    return [toolCallId.split("/")[0] ?? toolCallId, ...(isShown ? [toolCallId] : [])];
  });
}

/**
 * Applies chunks to a message by the rules of the client, and throws where the client's stream would die: a delta or an end
 * without its start, a tool outcome or approval without its input, anything behind the finish.
 */
export class UiMessageClient {
  readonly #version: AiSdkVersion;
  readonly #openTexts: Map<string, ShownPart> = new Map();
  readonly #openInputs: Set<string> = new Set();
  parts: ShownPart[] = [];
  messageId: string | undefined;
  isFinished = false;

  /** `before`: the calls that the message has from the runs before. */
  constructor(version: AiSdkVersion, before: readonly string[] = []) {
    this.#version = version;
    this.parts = [...new Set(before)].map((id) => ({ type: "tool of before", id, state: "waiting" }));
  }

  take(chunk: UiMessageChunk): void {
    if (this.isFinished) throw new Error(`${chunk.type} after finish`);
    switch (chunk.type) {
      case "start":
        if (this.messageId !== undefined) throw new Error("a second start");
        this.messageId = chunk.messageId;
        return;
      case "text-start":
      case "reasoning-start": {
        const part = { type: chunk.type.slice(0, -"-start".length), id: chunk.id, text: "", state: "streaming" };
        this.#openTexts.set(`${part.type} ${chunk.id}`, part);
        this.parts.push(part);
        return;
      }
      case "text-delta":
      case "reasoning-delta":
        this.#textOf(chunk.type.slice(0, -"-delta".length), chunk.id).text += chunk.delta;
        return;
      case "text-end":
      case "reasoning-end": {
        const kind = chunk.type.slice(0, -"-end".length);
        this.#textOf(kind, chunk.id).state = "done";
        this.#openTexts.delete(`${kind} ${chunk.id}`);
        return;
      }
      case "finish-step":
        if (this.#openTexts.size > 0) throw new Error("finish-step with an open part");
        return;
      case "start-step":
        this.parts.push({ type: "step-start" });
        return;
      case "reset-step":
        if (this.#version !== 7) throw new Error("reset-step in an old version");
        this.parts = this.parts.slice(0, this.parts.findLastIndex(({ type }) => type === "step-start") + 1);
        this.#openTexts.clear();
        this.#openInputs.clear();
        return;
      case "finish":
        this.isFinished = true;
        return;
      case "abort":
      case "error":
        return;
      default:
        this.#takePart(chunk);
    }
  }

  #takePart(
    chunk: Exclude<UiMessageChunk, { type: `${string}-step` | `text-${string}` | `reasoning-${string}` | "start" | "finish" | "abort" | "error" }>,
  ): void {
    if (chunk.type === "tool-input-start") {
      this.#openInputs.add(chunk.toolCallId);
      this.#showTool(chunk.toolCallId, chunk.toolName).state = "input-streaming";
    } else if (chunk.type === "tool-input-delta") {
      if (!this.#openInputs.has(chunk.toolCallId)) throw new Error(`tool-input-delta without its start: ${chunk.toolCallId}`);
    } else if (chunk.type === "tool-input-available" || chunk.type === "tool-input-error") {
      Object.assign(this.#showTool(chunk.toolCallId, chunk.toolName), { state: chunk.type.slice("tool-".length), value: chunk.input });
    } else if (chunk.type === "tool-output-available") {
      Object.assign(this.#tool(chunk.toolCallId), { state: "output-available", value: chunk.output });
    } else if (chunk.type === "tool-output-error") {
      Object.assign(this.#tool(chunk.toolCallId), { state: "output-error", value: chunk.errorText });
    } else if (chunk.type === "tool-output-denied") {
      this.#tool(chunk.toolCallId).state = "output-denied";
    } else if (chunk.type === "tool-approval-request") {
      this.#tool(chunk.toolCallId).state = "approval-requested";
    } else if ("data" in chunk) {
      if (chunk.transient === true) return;
      const shown = chunk.id === undefined ? undefined : this.parts.find(({ type, id }) => type === chunk.type && id === chunk.id);
      if (shown) shown.value = chunk.data;
      else this.parts.push({ type: chunk.type, ...(chunk.id !== undefined && { id: chunk.id }), value: chunk.data });
    } else {
      this.parts.push({ type: chunk.type, value: chunk });
    }
  }

  #textOf(kind: string, id: string): ShownPart {
    const part = this.#openTexts.get(`${kind} ${id}`);
    if (part === undefined) throw new Error(`${kind} without its start: ${id}`);
    return part;
  }

  #tool(toolCallId: string): ShownPart {
    const part = this.parts.findLast(({ type, id }) => type.startsWith("tool ") && id === toolCallId);
    if (part === undefined) throw new Error(`No tool invocation found for ${toolCallId}`);
    return part;
  }

  #showTool(toolCallId: string, toolName: string): ShownPart {
    const step = this.parts.findLastIndex(({ type }) => type === "step-start");
    const known = this.parts.slice(step + 1).find(({ type, id }) => type.startsWith("tool ") && id === toolCallId);
    if (known) return known;
    const part: ShownPart = { type: `tool ${toolName}`, id: toolCallId };
    this.parts.push(part);
    return part;
  }
}
