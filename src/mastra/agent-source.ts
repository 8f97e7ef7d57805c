import type { Agent, MastraDBMessage } from "@mastra/core/agent";
import type { Mastra } from "@mastra/core/mastra";
import { RequestContext } from "@mastra/core/request-context";
import type { AgentSource, AttemptContext, AttemptOutcome } from "../core/agent-source.ts";
import type { JsonObject } from "../core/json.ts";
import type { Run } from "../core/run.ts";
import { isAnswered, type Transcript } from "../core/transcript.ts";
import { agentOf, listAgents, registeredAgent } from "./agents.ts";
import { hasAskedAnswer, OUTPUT_INVALID } from "./answer-schema.ts";
import { AgentStream } from "./agent-stream.ts";
import { errorText } from "./error-text.ts";
import { isReadOnly, isWithoutMemory } from "./memory-options.ts";
import { checkThreadOwner, inputMessages, keptAnswer, lacksRepeats, writeAnswer, writeQuestion } from "./thread-writer.ts";
import { mastraThreads, type MemoryFailure } from "./threads.ts";
import { workflowSource } from "./workflow-source.ts";
import { mergeState, StateLog, WORKING_MEMORY_TOOLS, workingMemoryOf } from "./working-memory.ts";

export interface MastraSourceOptions {
  /** Names of tools that may run again after a crash without harm. */
  readonly idempotentTools?: readonly string[];
  /** Called once per chunk type that the normaliser does not know. */
  readonly onUnknownChunk?: (chunkType: string) => void;
  readonly onError?: (run: Run, error: unknown) => void;
  readonly onMemoryFailure?: MemoryFailure;
}

/** Executes the agents of a Mastra instance. */
export function mastraSource(mastra: Mastra, options: MastraSourceOptions = {}): AgentSource {
  const idempotent = new Set([...WORKING_MEMORY_TOOLS, ...(options.idempotentTools ?? [])]);
  const onUnknownChunk = oncePerType(options.onUnknownChunk);
  const questions = new WeakMap<Run, readonly MastraDBMessage[]>();

  const isIdempotent = (name: string): boolean => idempotent.has(name);
  const { executeWorkflow, ...workflows } = workflowSource(mastra, { isIdempotent, contextOf, onUnknownChunk, onError: options.onError });

  return {
    threads: ({ resourceId, claims }) =>
      mastraThreads(mastra, new RequestContext([["principal", { ...claims, resourceId }]]), resourceId, options.onMemoryFailure),
    listAgents: () => listAgents(mastra),
    ...workflows,
    async begin(run, transcript) {
      // Of an agent that had ended the thread has all, or will have it from the log.
      if (isAnswered(transcript) || run.input.workflow !== undefined) return;
      const agent = agentOf(mastra, run.agentId);
      if (isReadOnly(run)) return checkThreadOwner(agent, run, contextOf(run));
      questions.set(run, await writeQuestion(agent, run, contextOf(run), transcript.steps.length > 0));
      await mergeState(agent, run, transcript, contextOf(run));
    },
    async execute(attempt: AttemptContext): Promise<AttemptOutcome> {
      const { run, transcript } = attempt;
      if (run.input.workflow !== undefined) return executeWorkflow(attempt);
      if (isAnswered(transcript)) return hasAskedAnswer(run, transcript) ? endOf(transcript) : OUTPUT_INVALID;
      const agent = agentOf(mastra, run.agentId);
      const hasMemory = !isWithoutMemory(run) && (await agent.getMemory({ requestContext: contextOf(run) })) !== undefined;
      try {
        const question = questions.get(run) ?? inputMessages(run, Date.now());
        const onCallbackError = (error: unknown): void => options.onError?.(run, error);
        const states = new StateLog(await workingMemoryOf(agent, run, contextOf(run)), attempt);
        await states.tell();
        return await new AgentStream({
          agent,
          attempt,
          question,
          requestContext: contextOf(run),
          hasMemory,
          states,
          isIdempotent,
          onUnknownChunk,
          onCallbackError,
        }).drive();
      } catch (error) {
        if (attempt.signal.aborted) return { outcome: "aborted" };
        options.onError?.(run, error);
        return { outcome: "failed", error: { code: "AGENT_FAILED", message: errorText(error) } };
      }
    },
    async settle(run, outcome, readTranscript) {
      if (run.input.workflow !== undefined) return;
      const agent = registeredAgent(mastra, run.agentId);
      // Of an agent that is gone no memory is known, and nobody can bring it back meanwhile.
      if (agent !== undefined && !isReadOnly(run)) await settleThread(agent, run, outcome, readTranscript);
    },
  };
}

function oncePerType(tell: ((chunkType: string) => void) | undefined): (chunkType: string) => void {
  const told = new Set<string>();
  return (chunkType) => {
    if (told.has(chunkType)) return;
    told.add(chunkType);
    tell?.(chunkType);
  };
}

async function settleThread(agent: Agent, run: Run, outcome: AttemptOutcome, readTranscript: () => Promise<Transcript>): Promise<void> {
  const kept = await keptAnswer(agent, run, contextOf(run));
  if (kept === "no-memory") return;
  // Mastra wrote the answer of an agent that ended by itself, unless a save failed: it does not say so. Of a run that went on, the
  // thread had a part before, and a declined call is a failed one to Mastra.
  const isMastras = outcome.outcome === "completed" && run.parentRunId === undefined && kept !== undefined;
  const steps = isMastras ? ((kept["parts"] ?? []) as readonly JsonObject[]).filter(({ type }) => type === "step-start").length : 0;
  if (isMastras && steps < 2) return;
  const transcript = await readTranscript();
  if (isMastras && !lacksRepeats(kept, transcript)) return;
  await writeAnswer(agent, run, outcome, transcript, contextOf(run));
}

function endOf(transcript: Transcript): AttemptOutcome {
  const finishReason = transcript.steps.at(-1)?.modelFinished?.finishReason;
  return { outcome: "completed", ...(finishReason !== undefined && { finishReason }) };
}

function contextOf(run: Run): RequestContext {
  return new RequestContext(Object.entries(run.input.context ?? {}));
}
