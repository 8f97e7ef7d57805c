import { isSameJson } from "../../core/interrupt.ts";
import type { Json } from "../../core/json.ts";
import { textFrames, type CedarFrame } from "./frame.ts";
import { objectFrames, replyIn, type Reply } from "./objects.ts";
import type { Setter } from "./setter-args.ts";
import { inOrder, NO_FRAMES, type CedarState, type Encoded, type Fold } from "./state.ts";

/** Begins a text, of which it is not known yet whether it is a structured answer. */
export function beginText(state: CedarState, id: string): Encoded {
  return [{ ...state, held: [...state.held.filter((held) => held.id !== id), { id, text: "" }] }, NO_FRAMES];
}

/** A text that begins like a JSON object is held until it ends: it may say what to do to the page, and is not for people then. */
export function growText(state: CedarState, id: string, delta: string): Encoded {
  const held = state.held.find((one) => one.id === id);
  if (held === undefined) return say(state, delta);
  const text = held.text + delta;
  if (/^\s*(\{|$)/.test(text)) return [{ ...state, held: state.held.map((one) => (one === held ? { id, text } : one)) }, NO_FRAMES];
  return say({ ...state, held: state.held.filter((one) => one !== held) }, text);
}

export function endText(state: CedarState, id: string, setters: readonly Setter[]): Encoded {
  const held = state.held.find((one) => one.id === id);
  return held === undefined ? [state, NO_FRAMES] : release(held.text, setters)({ ...state, held: state.held.filter((one) => one !== held) });
}

/** Shows what is still held, at the end of a run. */
export function endTexts(state: CedarState, setters: readonly Setter[]): Encoded {
  return state.held.length === 0 ? [state, NO_FRAMES] : inOrder({ ...state, held: [] }, ...state.held.map(({ text }) => release(text, setters)));
}

function release(text: string, setters: readonly Setter[]): Fold {
  return (state) => {
    const value = parsed(text);
    const reply = replyIn(value);
    return value === undefined || reply === undefined ? say(state, text) : show(state, value, reply, setters);
  };
}

/** Shows a structured answer, unless the text that it was made from showed it. */
export function encodeReply(state: CedarState, value: Json, setters: readonly Setter[]): Encoded {
  if (state.replied !== undefined && state.replied.isCut !== true && isSameJson(state.replied.value, value)) return [state, NO_FRAMES];
  const sources = state.held.filter(({ text }) => isSameJson(parsed(text), value));
  const reply = typeof value === "string" ? { content: value, objects: [] } : replyIn(value);
  if (reply !== undefined) return show({ ...state, held: state.held.filter((held) => !sources.includes(held)) }, value, reply, setters);
  // Any other value is shown only where nothing else says it.
  if (state.said !== "" || state.held.some(({ text }) => text !== "")) return [state, NO_FRAMES];
  return say({ ...state, replied: { value, step: state.step, calls: state.workflowCalls } }, JSON.stringify(value));
}

function show(state: CedarState, value: Json, { content, objects }: Reply, setters: readonly Setter[]): Encoded {
  const replied = { value, step: state.step, calls: state.workflowCalls };
  if (state.replied !== undefined && isSameJson(state.replied.value, value)) {
    // The words of an answer that is given again are said again, and what it does to the page is done once.
    return state.replied.isCut === true ? say({ ...state, replied }, content ?? "") : [state, NO_FRAMES];
  }
  const frames = objectFrames(objects, setters);
  const isSaid = content === undefined || state.said.endsWith(content);
  return inOrder(
    { ...state, replied },
    (next) => (isSaid ? [next, NO_FRAMES] : say(next, content)),
    (next) => [next, frames],
  );
}

/** Sends a text, and knows it from there on. */
export function say(state: CedarState, text: string): Encoded {
  const frames: readonly CedarFrame[] = textFrames(text);
  return frames.length === 0 ? [state, NO_FRAMES] : [{ ...state, said: state.said + text }, frames];
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
