import type { AgentSource, AttemptContext, AttemptOutcome, ThreadDirectory } from "../../src/core/agent-source.ts";

const noThreads: ThreadDirectory = {
  hasMemory: () => Promise.resolve(false),
  find: () => Promise.resolve(undefined),
  get: () => Promise.resolve(undefined),
  create: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
  storedMessages: () => Promise.resolve([]),
  update: () => Promise.resolve(undefined),
  delete: () => Promise.resolve(),
  messages: () => Promise.resolve([]),
};

/** A source whose attempts do what the test says. */
export function scriptedSource(execute: (attempt: AttemptContext) => Promise<AttemptOutcome>, extra: Partial<AgentSource> = {}): AgentSource {
  return {
    threads: () => noThreads,
    listAgents: () => [{ id: "agent", name: "agent" }],
    listWorkflows: () => [],
    checkWorkflowInput: () => Promise.resolve(),
    checkWorkflowAnswer: () => Promise.resolve(),
    begin: () => Promise.resolve(),
    execute,
    settle: () => Promise.resolve(),
    ...extra,
  };
}

/** One step that says a text, a delta for each piece. */
export async function say(attempt: AttemptContext, pieces: readonly string[]): Promise<AttemptOutcome> {
  void attempt.emit({ type: "step-started", step: 0 });
  void attempt.emit({ type: "text-start", id: "0.t" });
  for (const text of pieces) await attempt.emit({ type: "text-delta", id: "0.t", text });
  void attempt.emit({ type: "text-end", id: "0.t" });
  void attempt.emit({ type: "model-finished", step: 0, finishReason: "stop", usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } });
  void attempt.emit({ type: "step-finished", step: 0, finishReason: "stop", isContinued: false });
  return { outcome: "completed", finishReason: "stop" };
}

/** Resolves when the attempt is stopped from outside. */
export function stopped(attempt: AttemptContext): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    const done = (): void => resolve({ outcome: "aborted" });
    if (attempt.signal.aborted) done();
    else attempt.signal.addEventListener("abort", done);
  });
}
