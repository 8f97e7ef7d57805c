import { Observable } from "rxjs";
import { HoldfastError } from "./core/error.ts";
import type { Principal } from "./core/principal.ts";
import type { Engine } from "./core/protocol.ts";
import { isTerminal, type Run } from "./core/run.ts";
import { keptEvents, openEvents } from "./protocols/ag-ui/attach.ts";
import { stopThread } from "./protocols/ag-ui/copilotkit-stop.ts";
import { parseRunAgentInput } from "./protocols/ag-ui/decode.ts";
import type { AgUiEvent, AgUiMessage } from "./protocols/ag-ui/event.ts";
import type { TimedEvent } from "./protocols/ag-ui/event-batches.ts";
import { runEvents } from "./protocols/ag-ui/serve.ts";
import { runToWatch, takeRequest } from "./protocols/ag-ui/take-request.ts";

/** An event of AG-UI, as CopilotKit's runtime passes it on. */
export interface CopilotKitEvent {
  readonly type: string;
  readonly timestamp: number;
  readonly [field: string]: unknown;
}

/** What CopilotKit's runtime asks its runner to run. */
export interface CopilotKitRunRequest {
  readonly threadId: string;
  /** The agent that the page named; only its id counts, since the agent itself runs here. */
  readonly agent: { readonly agentId?: string };
  /** A `RunAgentInput`. */
  readonly input: object;
}

interface ThreadRequest {
  readonly threadId: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of {@link HoldfastAgentRunner}. */
export interface HoldfastAgentRunnerOptions {
  readonly holdfast: { readonly engine: Engine };
  /** Who asks. CopilotKit's runtime tells its runner nothing of its users, so the application has to. */
  readonly principal: (request: ThreadRequest) => Principal | Promise<Principal>;
}

/**
 * Runs the agents of CopilotKit's runtime as durable runs: for applications that keep that runtime, in place of its in-memory runner. A page
 * that drops and connects again goes on in the middle of a message, also in another process.
 *
 * @example
 * const runtime = new CopilotRuntime({ agents, runner: new HoldfastAgentRunner({ holdfast, principal: () => ({ resourceId: "ann" }) }) });
 */
export class HoldfastAgentRunner {
  readonly #engine: Engine;
  readonly #principal: HoldfastAgentRunnerOptions["principal"];

  constructor({ holdfast, principal }: HoldfastAgentRunnerOptions) {
    this.#engine = holdfast.engine;
    this.#principal = principal;
  }

  /** Starts a run, or hands its answers to the run that asked. Unsubscribing lets go of the events only: the run goes on. */
  run({ threadId, agent, input }: CopilotKitRunRequest): Observable<CopilotKitEvent> {
    return observable((signal) => this.#run({ threadId, agent, input }, signal));
  }

  async *#run({ threadId, agent, input }: CopilotKitRunRequest, signal: AbortSignal): AsyncGenerator<TimedEvent, void, void> {
    const engine = this.#engine;
    const principal = await this.#principal({ threadId });
    const request = parseRunAgentInput({ ...input, threadId });
    const taken = await takeRequest(engine, principal, await engine.resolveAgent(principal, agent.agentId), request);
    const { runId, generation } = request;
    if (taken.kind === "open") {
      yield* timed(openEvents(generation, taken, runId));
      return;
    }
    const { run, next } = taken;
    const sent = request.messages as unknown as readonly AgUiMessage[];
    const wire = { engine, principal, generation, flavour: "ag-ui", run, isJoining: taken.kind === "resumed", sent } as const;
    yield* runEvents({ ...wire, runId: next === undefined ? runId : (run.clientRunId ?? run.id), ...(next && { next }) }, signal);
  }

  /** What there is of a thread by now, and what follows of its run. A thread that is not known has nothing to show. */
  connect({ threadId, headers }: ThreadRequest): Observable<CopilotKitEvent> {
    return observable((signal) => this.#connect({ threadId, ...(headers && { headers }) }, signal));
  }

  async *#connect(request: ThreadRequest, signal: AbortSignal): AsyncGenerator<TimedEvent, void, void> {
    const engine = this.#engine;
    const { threadId } = request;
    const principal = await this.#principal(request);
    const wire = { engine, principal, generation: "0.0.59", flavour: "ag-ui" } as const;
    const run = await runToWatch(engine, principal, threadId);
    if (run !== undefined) {
      yield* runEvents({ ...wire, run, runId: run.clientRunId ?? run.id, isJoining: true }, signal);
      return;
    }
    try {
      await engine.getThread(principal, threadId);
    } catch (error) {
      if (HoldfastError.is(error) && error.code === "THREAD_NOT_FOUND") return;
      throw error;
    }
    yield* timed(await keptEvents(wire, threadId, threadId));
  }

  async isRunning({ threadId }: { readonly threadId: string }): Promise<boolean> {
    return (await this.#active(threadId)) !== undefined;
  }

  /** Cancels what is under way on a thread; with `runId` only if that is part of it. Says whether there was anything. */
  async stop({ threadId, runId }: { readonly threadId: string; readonly runId?: string }): Promise<boolean> {
    return stopThread(this.#engine, await this.#principal({ threadId }), threadId, runId);
  }

  /** The run that is under way on a thread. */
  async #active(threadId: string): Promise<Run | undefined> {
    const run = await runToWatch(this.#engine, await this.#principal({ threadId }), threadId);
    return run === undefined || isTerminal(run.status) ? undefined : run;
  }
}

/** Events that stand in no log. */
function timed(events: readonly AgUiEvent[]): readonly TimedEvent[] {
  const at = Date.now();
  return events.map((event) => ({ event, cursor: "", at }));
}

function observable(events: (signal: AbortSignal) => AsyncIterable<TimedEvent>): Observable<CopilotKitEvent> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const pass = async (): Promise<void> => {
      for await (const { event, at } of events(abort.signal)) subscriber.next({ ...event, timestamp: at });
      subscriber.complete();
    };
    pass().catch((error: unknown) => {
      if (!HoldfastError.is(error)) return subscriber.error(error);
      // To an error the runtime answers with a stream that is empty, of which the page shows nothing.
      subscriber.next({ type: "RUN_ERROR", message: error.message, code: error.code, timestamp: Date.now() });
      return subscriber.complete();
    });
    return () => abort.abort();
  });
}
