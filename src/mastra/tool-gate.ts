import type { RequestContext } from "@mastra/core/request-context";
import { unlessAborted } from "../core/abort.ts";
import type { InterruptKind, InterruptRequest } from "../core/interrupt.ts";
import type { Json } from "../core/json.ts";
import type { ToolPart } from "../core/transcript.ts";
import type { AgentScope, Delegation } from "./agent-scope.ts";
import { mayNeedApproval, needsApproval, type ApprovalPolicy } from "./approval-rule.ts";
import { delegating } from "./delegation.ts";
import { toJson } from "./json-value.ts";
import { DECLINED_TEXT, gateDecision, toolDecision, type GateDecision } from "./tool-decision.ts";
import { toolCallIdOf, type OutcomeRecorder } from "./tool-hooks.ts";

/** What the gates of an attempt need of the one that drives it. */
export interface GateKeeper extends OutcomeRecorder {
  /** What Mastra says of the call from here on is left out of the log. */
  dropLaterOutcome(scope: AgentScope, providerId: string): void;
  nextInterruptId(): string;
  /** The run ends with this question, unless something else ends it. */
  interrupt(request: InterruptRequest): void;
}

/** What a tool of Mastra's looks like here: a converted one, or an instance that is converted later. */
interface GatedTool {
  readonly type?: unknown;
  readonly execute?: Execute;
  readonly requireApproval?: unknown;
  readonly needsApprovalFn?: unknown;
  readonly hasSuspendSchema?: unknown;
  readonly mcp?: { readonly annotations?: { readonly idempotentHint?: boolean } };
}

type Execute = (input: unknown, context: ExecutionContext) => unknown;

/** A converted tool finds the means of its execution in the context itself, an instance in its `agent`. */
interface ExecutionContext extends Means {
  readonly requestContext?: RequestContext;
  readonly toolCallId?: string;
  readonly workspace?: unknown;
  readonly agent?: Means & { readonly toolCallId?: string };
}

interface Means {
  readonly suspend?: Suspend;
  readonly resumeData?: unknown;
  readonly suspendedToolRunId?: string;
}

type Suspend = (payload?: unknown, options?: { readonly resumeSchema?: unknown; readonly runId?: string }) => Promise<undefined>;

/** Ends a call for Mastra that goes on in another run. Mastra's loop is stopped before its model would hear of it. */
class CallInterrupted extends Error {
  override readonly name: string = "CallInterrupted";
  constructor(toolCallId: string) {
    super(`tool call ${toolCallId} waits for an answer`);
  }
}

// Less than a stopped stream is waited for, so that Mastra's loop ends first.
const STOPPED_TOOL_MS = 150;

const APPROVAL_SCHEMA: Json = {
  type: "object",
  properties: { approved: { type: "boolean" }, reason: { type: "string" } },
  required: ["approved"],
};

const PAGE_RESULT_SCHEMA: Json = {
  anyOf: [
    { type: "object", properties: { output: {} }, required: ["output"] },
    { type: "object", properties: { error: { type: "string" } }, required: ["error"] },
  ],
};

/**
 * Copies of tools with a gate before their execution. Mastra asks for one approval at a time, keeps the state of the question in its own
 * storage, and executes a tool twice that is approved twice at once; so it never learns that a tool needs an approval, suspends, or has no
 * code here. The question goes to the log, the other calls of the step go on, and the answer comes with the run that goes on from this one.
 */
export function gatedTools(tools: Readonly<Record<string, unknown>>, scope: AgentScope, keeper: GateKeeper, policy: ApprovalPolicy): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, gatedTool(name, tool, scope, keeper, policy)]));
}

function gatedTool(name: string, given: unknown, scope: AgentScope, keeper: GateKeeper, policy: ApprovalPolicy): unknown {
  const tool = given as GatedTool | null;
  if (typeof tool !== "object" || tool === null || tool.type === "provider-defined" || tool.type === "provider") return given;
  if (tool.mcp?.annotations?.idempotentHint === true) scope.idempotent.add(name);
  const gate = new ToolGate(name, tool, scope, keeper, policy);
  const change: Record<string, unknown> = {
    execute: (input: unknown, context: ExecutionContext) => gate.execute(input, context),
    requireApproval: false,
    needsApprovalFn: undefined,
    // Mastra executes the calls of a step one after another where one of them may stop for a person.
    hasSuspendSchema: Boolean(tool.hasSuspendSchema) || tool.execute === undefined || mayNeedApproval(tool, policy),
  };
  return new Proxy(tool, {
    get: (target, key): unknown => (typeof key === "string" && Object.hasOwn(change, key) ? change[key] : Reflect.get(target, key)),
    has: (target, key) => (typeof key === "string" && Object.hasOwn(change, key)) || Reflect.has(target, key),
  });
}

/** The gate of one tool of one agent. */
class ToolGate {
  readonly #name: string;
  readonly #tool: GatedTool;
  readonly #scope: AgentScope;
  readonly #keeper: GateKeeper;
  readonly #policy: ApprovalPolicy;

  constructor(name: string, tool: GatedTool, scope: AgentScope, keeper: GateKeeper, policy: ApprovalPolicy) {
    this.#name = name;
    this.#tool = tool;
    this.#scope = scope;
    this.#keeper = keeper;
    this.#policy = policy;
  }

  async execute(input: unknown, context: ExecutionContext): Promise<unknown> {
    const providerId = toolCallIdOf({ context });
    if (providerId === undefined) return this.#tool.execute?.(input, context);
    await this.#scope.gates.passed(this.#scope.prepared);
    const toolCallId = this.#keeper.idOf(this.#scope, providerId);
    const call: GatedCall = { providerId, toolCallId, recorded: this.#scope.recordedCall(toolCallId), input, context };
    return this.#follow(await this.#decision(call), call);
  }

  async #decision({ recorded, input, context }: GatedCall): Promise<GateDecision> {
    const isPageTool = this.#tool.execute === undefined;
    const isOpen = recorded === undefined || recorded.state === "called" || recorded.state === "input-streaming";
    const { requestContext, workspace } = context;
    const mayAsk = isOpen && !isPageTool && mayNeedApproval(this.#tool, this.#policy);
    const asks = mayAsk && (await needsApproval(this.#tool, this.#policy, { toolName: this.#name, args: input, requestContext, workspace }));
    return gateDecision(recorded, { isPageTool, needsApproval: asks });
  }

  async #follow(decision: GateDecision, call: GatedCall): Promise<unknown> {
    const { providerId, toolCallId } = call;
    const toolName = this.#name;
    switch (decision.action) {
      case "wait":
        return this.#wait(decision.request, call);
      case "ask":
        return this.#ask(decision.kind, call, { resumeSchema: decision.kind === "tool-approval" ? APPROVAL_SCHEMA : PAGE_RESULT_SCHEMA });
      case "decline": {
        const { reason } = decision;
        this.#keeper.dropLaterOutcome(this.#scope, providerId);
        await this.#scope.commit({ type: "tool-denied", toolCallId, toolName, ...(reason !== undefined && { reason }) });
        throw new Error(reason ?? DECLINED_TEXT);
      }
      case "settle": {
        const { result } = decision;
        this.#keeper.report(this.#scope, providerId, { toolName, ...("error" in result ? { error: result.error } : { output: result.output }) });
        await this.#scope.world.attempt.commit();
        if ("error" in result) throw new Error(result.error);
        return result.output;
      }
      case "pass":
        return this.#pass(decision, call);
    }
  }

  async #pass(decision: Extract<GateDecision, { action: "pass" }>, call: GatedCall): Promise<unknown> {
    const { execute } = this.#tool;
    if (execute === undefined) return recordedOutcome(call.recorded);
    const { scope, providerId, toolCallId } = { scope: this.#scope, ...call };
    const delegation: Delegation = { scope, providerId, toolCallId, stuck: Promise.withResolvers<void>() };
    const suspended = { isAsked: false };
    const context = this.#contextOf(call, decision, suspended);
    const stuck = delegation.stuck.promise.then((): never => {
      throw this.#interrupted(call);
    });
    // A sub-agent may end in the very step in which its tool asked, and a tool that has asked may fail behind its question.
    const isAsking = (): boolean => suspended.isAsked || scope.interrupted.has(toolCallId);
    let output: unknown;
    try {
      output = await this.#untilStopped(Promise.race([delegating(delegation, async () => execute.call(this.#tool, call.input, context)), stuck]));
    } catch (error) {
      throw isAsking() ? this.#interrupted(call) : error;
    }
    if (isAsking()) throw this.#interrupted(call);
    return output;
  }

  /** Mastra lets no further run into a thread while a tool of an earlier one is at work, and a tool need not heed its signal. */
  async #untilStopped(execution: Promise<unknown>): Promise<unknown> {
    const { signal } = this.#scope.world.attempt;
    const ended = await unlessAborted(
      execution.then((output) => ({ output })),
      signal,
      STOPPED_TOOL_MS,
    );
    if (ended === undefined) throw new Error(`tool ${this.#name} did not end when its run was stopped`);
    return ended.output;
  }

  /** The context of the execution, with a suspend that asks through the log. */
  #contextOf(call: GatedCall, decision: Extract<GateDecision, { action: "pass" }>, suspended: { isAsked: boolean }): ExecutionContext {
    const { context } = call;
    const suspend: Suspend = async (payload, options) => {
      // One execution asks one question.
      if (suspended.isAsked) return undefined;
      suspended.isAsked = true;
      const more = { ...(payload !== undefined && { payload: toJson(payload) }), ...(options?.runId !== undefined && { innerRunId: options.runId }) };
      await this.#record("tool-suspend", call, { ...more, ...schemaIn(options?.resumeSchema) });
      return undefined;
    };
    const means: Means = {
      suspend,
      ...(decision.resumeData && { resumeData: decision.resumeData.value }),
      ...(decision.innerRunId !== undefined && { suspendedToolRunId: decision.innerRunId }),
    };
    return { ...context, ...(context.agent ? { agent: { ...context.agent, ...means } } : means) };
  }

  async #ask(kind: InterruptKind, call: GatedCall, more: Pick<InterruptRequest, "resumeSchema">): Promise<never> {
    await this.#record(kind, call, more);
    throw this.#interrupted(call);
  }

  async #record(kind: InterruptKind, { toolCallId, recorded, input }: GatedCall, more: Partial<InterruptRequest>): Promise<void> {
    const toolName = this.#name;
    const request: InterruptRequest = {
      id: this.#keeper.nextInterruptId(),
      kind,
      toolCallId,
      toolName,
      input: recorded?.input ?? toJson(input ?? {}),
      ...more,
    };
    this.#scope.markInterrupted(toolCallId);
    this.#keeper.interrupt(request);
    await this.#scope.commit({ type: "tool-interrupted", toolCallId, toolName, request });
    this.#scope.world.attempt.checkpoint("tool-interrupted");
  }

  #wait(request: InterruptRequest, call: GatedCall): never {
    this.#scope.markInterrupted(call.toolCallId);
    this.#keeper.interrupt(request);
    throw this.#interrupted(call);
  }

  #interrupted({ providerId, toolCallId }: GatedCall): CallInterrupted {
    this.#keeper.dropLaterOutcome(this.#scope, providerId);
    return new CallInterrupted(toolCallId);
  }
}

interface GatedCall {
  readonly providerId: string;
  readonly toolCallId: string;
  readonly recorded: ToolPart | undefined;
  readonly input: unknown;
  readonly context: ExecutionContext;
}

/** What the log holds of a call that has no code here. */
function recordedOutcome(recorded: ToolPart | undefined): Json {
  const decision = toolDecision(recorded, false);
  if (decision.action === "answer") return decision.output;
  throw new Error(decision.action === "execute" ? "the call has no outcome" : decision.message);
}

/** Mastra gives the schema of an answer as JSON text. */
function schemaIn(schema: unknown): { readonly resumeSchema?: Json } {
  if (schema === undefined) return {};
  if (typeof schema !== "string") return { resumeSchema: toJson(schema) };
  try {
    return { resumeSchema: JSON.parse(schema) as Json };
  } catch {
    return {};
  }
}
