import { chunk } from "../mastra/chunk-fold.ts";
import { call, gave, started, toolRun, wrote, type ChunkCase, type Given } from "./chunk-script.ts";

const NAMED = { taskId: "b1", toolName: "survey", toolCallId: "c1" };
const OWNED = { ...NAMED, runId: "r1", agentId: "helper" };
const ARGS = { port: "Brest" };
const AT = new Date(0);

function status(name: string): object {
  return { providerMetadata: { mastra: { backgroundTask: { taskId: "b1", status: name } } } };
}

/** A call that went to the background, and what is told of its task from there on. */
function background(...told: readonly Given[]): readonly Given[] {
  const begun = gave("c1", "survey", "Background task started.", status("running"));
  return toolRun([call("c1", "survey")], [started("c1", "survey"), chunk("background-task-started", NAMED), begun, ...told]);
}

/** The tasks of tools that go on while the agent does. */
export const TASK_CASES: readonly ChunkCase[] = [
  { name: "background-task-started", types: ["background-task-started"], chunks: background() },
  {
    name: "background-task-running",
    types: ["background-task-running"],
    chunks: background(chunk("background-task-running", { ...OWNED, startedAt: AT, args: ARGS })),
  },
  {
    name: "background-task-output",
    types: ["background-task-output"],
    chunks: background(chunk("background-task-output", { ...OWNED, payload: wrote("c1", "survey", { done: 1, of: 2 }) })),
  },
  {
    name: "background-task-suspended",
    types: ["background-task-suspended", "background-task-resumed"],
    chunks: background(
      chunk("background-task-suspended", { ...OWNED, args: ARGS, suspendPayload: { message: "Which gauge?" }, suspendedAt: AT }),
      chunk("background-task-resumed", { ...OWNED, startedAt: AT, args: ARGS }),
    ),
  },
  {
    name: "background-task-completed",
    types: ["background-task-completed"],
    chunks: background(
      chunk("background-task-completed", { ...OWNED, result: { depth: 9 }, completedAt: AT }),
      gave("c1", "survey", { depth: 9 }, status("completed")),
    ),
  },
  {
    name: "background-task-failed",
    types: ["background-task-failed"],
    chunks: background(
      chunk("background-task-failed", { ...OWNED, error: { message: "No tide gauge." }, completedAt: AT }),
      gave("c1", "survey", "No tide gauge.", { ...status("failed"), isError: true }),
    ),
  },
  {
    name: "background-task-cancelled",
    types: ["background-task-cancelled"],
    chunks: background(chunk("background-task-cancelled", { ...OWNED, completedAt: AT })),
  },
];
