import { downLevel } from "./down-level.ts";
import type { AgUiEvent, AgUiMessage, Generation } from "./event.ts";
import { withError } from "./replica-messages.ts";
import type { Replica } from "./replica.ts";

/** What a client gets to see at a point of a run: the messages of the thread before the run, and what the run has said. */
interface View {
  readonly generation: Generation;
  readonly history: readonly AgUiMessage[];
  readonly replica: Replica;
}

/**
 * Activities are of the run alone, so that a snapshot of some says nothing of others: without this, a client takes those of earlier runs
 * away.
 */
const NO_ACTIVITY_TAKEN = { "@ag-ui/client": { authoritativeActivityTypes: [] } };

/**
 * What a viewer who comes late is told before the rest of a run, so that it ends with what everybody else has: the run, its messages and
 * its state as they stand, and what is open, opened again without its content.
 */
export function preludeOf(input: View & { readonly runId: string; readonly threadId: string }): readonly AgUiEvent[] {
  const { runId, threadId, replica } = input;
  const { agents, steps, spans, reasonings, texts, calls } = replica.open;
  return [
    { type: "RUN_STARTED", threadId, runId, protocolVersion: "1.0" },
    snapshotOf(input),
    { type: "STATE_SNAPSHOT", snapshot: replica.state },
    ...agents,
    ...steps,
    ...spans,
    ...reasonings,
    ...texts,
    ...calls,
  ];
}

/** The snapshot that stands for a {@link Restate}: a client updates its messages by id, and drops those that are not in it. */
export function snapshotOf({ generation, history, replica }: View): AgUiEvent {
  const own = new Set(replica.messages.map(({ id }) => id));
  const messages = [...history.filter(({ id }) => !own.has(id)), ...replica.messages].map(withError);
  const isActive = messages.some(({ role }) => role === "activity");
  const snapshot: AgUiEvent = { type: "MESSAGES_SNAPSHOT", messages, ...(isActive && { metadata: NO_ACTIVITY_TAKEN }) };
  return generation === "1.0" ? snapshot : (downLevel(snapshot)[0] ?? snapshot);
}
