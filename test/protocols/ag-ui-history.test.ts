import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { transcriptOf } from "../../src/core/transcript-fold.ts";
import { answerMessage } from "../../src/core/ui-message.ts";
import type { AgUiEncoding, AgUiMessage } from "../../src/protocols/ag-ui/event.ts";
import { historyMessages } from "../../src/protocols/ag-ui/history-messages.ts";
import { applyChunk, emptyReplica } from "../../src/protocols/ag-ui/replica.ts";
import { chunksOf } from "./ag-ui-stock-client.ts";
import { entriesOf, GOLDEN_RUN_ID, goldenCases, goldenEvents } from "./golden-log.ts";

const ENCODING: AgUiEncoding = { runId: GOLDEN_RUN_ID, generation: "1.0", flavour: "ag-ui" };

/** Runs whose whole message is in their own log, and whose last step stands. */
const WHOLE = goldenCases.filter((name) => {
  const events = goldenEvents(name);
  const [started] = events;
  // A thread keeps no text of a call that was cut, and the message of an answer no failure of a call that no tool could take.
  if (name === "truncated" || events.some((event) => event.type === "tool-call" && event.invalid !== undefined)) return false;
  return started?.type === "run-started" && started.parentRunId === undefined && events.at(-1)?.type === "run-completed";
});

describe("the messages of a thread", () => {
  it.each(WHOLE)("are those that the stream of %s gave", (name) => {
    const log = goldenEvents(name);
    const stored = answerMessage("msg_1", transcriptOf(entriesOf(log)));
    const { messages } = chunksOf(ENCODING, log).reduce(applyChunk, emptyReplica(undefined));
    const own = messages.filter(({ subagentRunId }) => subagentRunId === undefined);
    expect(comparable(historyMessages([stored]))).toStrictEqual(comparable(own));
  });
});

/** What a thread can keep of a stream: no activities, nothing that the wire made up, and results in the order of their calls. */
function comparable(messages: readonly AgUiMessage[]): readonly AgUiMessage[] {
  const calls = messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []).map(({ id }) => id) : []));
  const kept = messages.flatMap((message): readonly AgUiMessage[] => {
    if (message.role === "activity" || (message.role === "reasoning" && message.content === "" && message.encryptedValue === undefined)) return [];
    if (message.role !== "tool") return [message];
    // What the page gave as an error carries no mark of the server's.
    const { error: _error, metadata, ...told } = message;
    const mark = metadata?.["holdfast"] as JsonObject | undefined;
    return mark?.["missing"] === true ? [] : [{ ...told, id: `tool-result-${message.toolCallId}` }];
  });
  const place = (message: AgUiMessage): number => (message.role === "tool" ? calls.indexOf(message.toolCallId) : 0);
  return kept.toSorted((one, other) => (one.role === "tool" && other.role === "tool" ? place(one) - place(other) : kept.indexOf(one) - kept.indexOf(other)));
}
