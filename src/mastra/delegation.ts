import { AsyncLocalStorage } from "node:async_hooks";
import type { Delegation } from "./agent-scope.ts";

/** Mastra tells a sub-agent nothing of the call that it runs in. */
const calls = new AsyncLocalStorage<Delegation>();

/** Executes a tool in such a way that a sub-agent which begins in it knows the call. */
export function delegating<Result>(delegation: Delegation, execute: () => Promise<Result>): Promise<Result> {
  return calls.run(delegation, execute);
}

/** The tool call that the caller runs in, if any. */
export function delegationHere(): Delegation | undefined {
  return calls.getStore();
}
