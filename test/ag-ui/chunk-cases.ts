import { END_CASES } from "./chunk-cases-ends.ts";
import { NETWORK_CASES } from "./chunk-cases-network.ts";
import { TASK_CASES } from "./chunk-cases-tasks.ts";
import { CONTENT_CASES, TEXT_CASES } from "./chunk-cases-text.ts";
import { CALL_CASES, OUTCOME_CASES } from "./chunk-cases-tools.ts";
import { WORKFLOW_CASES } from "./chunk-cases-workflow.ts";
import type { ChunkCase } from "./chunk-script.ts";

export { BRIDGE_CASES } from "./chunk-cases-io-bridge.ts";

/** Every type of chunk that an agent's stream may hold, itself or inside what a tool writes; `*` stands for any ending. */
export const CHUNK_TYPES: readonly string[] = `
  start step-start response-metadata text-start text-delta text-end reasoning-start reasoning-delta reasoning-end reasoning-signature
  redacted-reasoning source file reasoning-file custom tool-call-input-streaming-start tool-call-delta tool-call-input-streaming-end tool-call
  tool-result tool-error tool-call-approval tool-call-suspended tool-output-denied tool-output data-* step-finish finish error abort tripwire
  object object-result step-output watch raw is-task-complete goal
  background-task-started background-task-running background-task-resumed background-task-progress background-task-output
  background-task-completed background-task-failed background-task-cancelled background-task-suspended
  workflow-start workflow-step-start workflow-step-result workflow-step-suspended workflow-step-output workflow-finish workflow-step-finish
  workflow-step-waiting workflow-step-progress workflow-canceled workflow-paused
  routing-agent-start routing-agent-text-start routing-agent-text-delta routing-agent-end routing-agent-abort
  agent-execution-start agent-execution-approval agent-execution-suspended agent-execution-end agent-execution-abort agent-execution-event-*
  workflow-execution-start workflow-execution-suspended workflow-execution-end workflow-execution-abort workflow-execution-event-*
  tool-execution-start tool-execution-approval tool-execution-suspended tool-execution-end tool-execution-abort
  network-execution-event-step-finish network-execution-event-finish network-validation-start network-validation-end
  network-object network-object-result`
  .trim()
  .split(/\s+/);

/** Types whose chunks no client hears of. */
export const TELLING_NOTHING: readonly string[] = [
  // The run has begun when it is claimed, under the id of the message that was chosen with it.
  "start",
  // Which model answers is told with the usage, at the end.
  "response-metadata",
  // What the provider sent, in its own form, is told by the chunks that Mastra makes of it. The driver's own markers come this way, too.
  "raw",
  // A whole picture of a workflow, all of which its own chunks tell.
  "watch",
  // A heartbeat: a task's own chunks tell what it does.
  "background-task-progress",
  // A message begins with its first text: an empty one would stay in the history of the client.
  "text-start",
  // The call that follows ends its arguments: an end before it could not be taken back where the call turns out to be malformed.
  "tool-call-input-streaming-end",
];

export const CHUNK_CASES: readonly ChunkCase[] = [
  ...TEXT_CASES,
  ...CONTENT_CASES,
  ...CALL_CASES,
  ...OUTCOME_CASES,
  ...END_CASES,
  ...TASK_CASES,
  ...WORKFLOW_CASES,
  ...NETWORK_CASES,
];
