import type { AgUiMessage } from "./event.ts";
import type { History } from "./history.ts";

/**
 * A conversation for the client that sent it: its own messages as it sent them, with the answer of the run (`said`) in its place, and what the
 * server has beside them (`kept`, in order) behind what it follows there. A snapshot takes away what it does not list, and a client has messages
 * that no server keeps.
 */
export function withSent(sent: readonly AgUiMessage[], kept: History, said: readonly AgUiMessage[]): readonly AgUiMessage[] {
  const saidIds = new Set(said.map(({ id }) => id));
  const saidResults = new Set(said.flatMap((message) => (message.role === "tool" ? [message.toolCallId] : [])));
  const isSaid = (message: AgUiMessage): boolean => saidIds.has(message.id) || (message.role === "tool" && saidResults.has(message.toolCallId));
  const place = sent.findIndex(isSaid);
  const own = sent.filter((message) => !isSaid(message));
  const before = place < 0 ? own.length : sent.slice(0, place).filter((message) => !isSaid(message)).length;
  const merged = [...own.slice(0, before), ...said, ...own.slice(before)];
  return withKept(withKept(merged, kept.before, undefined), kept.after, said.at(-1));
}

/** `behind`: what the first of the kept messages follows, the beginning where left out. */
function withKept(messages: readonly AgUiMessage[], kept: readonly AgUiMessage[], behind: AgUiMessage | undefined): readonly AgUiMessage[] {
  const merged = [...messages];
  let last = behind;
  for (const message of kept) {
    const known = merged.find((own) => isSame(own, message));
    if (known === undefined) merged.splice(last === undefined ? 0 : merged.indexOf(last) + 1, 0, message);
    last = known ?? message;
  }
  return merged;
}

/** What came of a page's call is kept under another id than the page's own. */
function isSame(one: AgUiMessage, other: AgUiMessage): boolean {
  return one.id === other.id || (one.role === "tool" && other.role === "tool" && one.toolCallId === other.toolCallId);
}
