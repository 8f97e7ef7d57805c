import { describe, expect, test } from "vitest";
import { MemoryRunStore } from "../stores/memory/store.ts";
import { faultyStore } from "./faulty-store.ts";
import { NODE_A, sampleRun, startedRun } from "./store-samples.ts";

describe("a faulty store", () => {
  test("fails as often as it was told, without reaching the store behind, and works again", async () => {
    const inner = await MemoryRunStore.open();
    const store = faultyStore(inner);
    store.failNext("createRun", 2);
    for (let time = 0; time < 2; time += 1) await expect(store.createRun(sampleRun("run"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await inner.getRun("run")).toBeUndefined();
    await startedRun(store, sampleRun("run"));
    expect(store.failures("createRun")).toBe(2);
    expect(store.failures("append")).toBe(0);
  });

  test("fails with the error that it was given", async () => {
    const store = faultyStore(await MemoryRunStore.open());
    store.failNext("ping", 1, new Error("unplugged"));
    await expect(store.ping()).rejects.toThrow("unplugged");
    await store.ping();
  });

  test("fails every call for which the predicate holds", async () => {
    const store = faultyStore(await MemoryRunStore.open());
    store.failWhile((method) => method === "append" || method === "renewLeases");
    const { lease } = await startedRun(store, sampleRun("run"));
    await expect(store.append([])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(store.renewLeases(NODE_A, [lease])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    store.failWhile(undefined);
    expect(await store.renewLeases(NODE_A, [lease])).toHaveLength(1);
  });
});
