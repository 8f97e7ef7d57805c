import { createStep, createWorkflow, type AnyWorkflow } from "@mastra/core/workflows";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { BEA, COUNT, counting, logOf, opened, reached, resultIn } from "./workshop.ts";

/** A workflow that tells of its end, with a step inside another one that ends with its signal, the first time. */
function telling(done: string[]): AnyWorkflow {
  const options = (name: string): object => ({
    onFinish: ({ status }: { readonly status: string }) => void done.push(`${name} ${status}`),
    onError: () => void done.push(`${name} error`),
  });
  const heeds = createStep({
    id: "heeds",
    inputSchema: COUNT,
    outputSchema: COUNT,
    execute: async ({ inputData, abortSignal }) => {
      done.push("heeds");
      if (done.filter((line) => line === "heeds").length > 1) return inputData;
      await new Promise((resolve) => abortSignal.addEventListener("abort", resolve));
      throw new Error("stopped");
    },
  });
  const inner = createWorkflow({ id: "inner", inputSchema: COUNT, outputSchema: COUNT, options: options("inner") })
    .then(heeds)
    .commit();
  return createWorkflow({ id: "tells", inputSchema: COUNT, outputSchema: z.any(), options: options("tells") })
    .then(inner as never)
    .then(counting("last", done) as never)
    .commit() as never;
}

describe("the callbacks of a workflow", () => {
  test("tell of its end, and not of that of an attempt which another process goes on from", async () => {
    const shop = await opened((done) => ({ tells: telling(done) }), { idempotentTools: ["inner/heeds"] });
    const run = await shop.start("tells", { n: 1 });
    await reached(shop.engine, run, "inner/heeds started");
    const other = await shop.second();
    await shop.engine.drain(0);
    expect(resultIn(await logOf(other, run))).toEqual({ n: 2 });
    expect(shop.done).toEqual(["heeds", "heeds", "inner success", "last 1", "tells success"]);
  });

  test("tell that it was canceled, of which nothing reaches the storage of Mastra", async () => {
    const shop = await opened((done) => ({ tells: telling(done) }));
    const run = await shop.start("tells", { n: 1 });
    await reached(shop.engine, run, "inner/heeds started");
    await shop.engine.cancel(BEA, run.id);
    await shop.log(run);
    expect(shop.done).toEqual(["heeds", "inner canceled", "tells canceled"]);
    expect(await shop.kept()).toBe(0);
  });
});
