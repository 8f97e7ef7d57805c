import { describe, expect, it } from "vitest";
import type { Json } from "../../core/json.ts";
import { patched, stateChange } from "./state-patch.ts";

describe("a change of the state", () => {
  it("is a patch where both sides are objects, and leads to what is next", () => {
    const change = stateChange({ boat: "Ara", crew: ["Ada"] }, { boat: "Ara", crew: ["Ada", "Bo"], "a/b": null });
    expect(change?.type).toBe("STATE_DELTA");
    if (change?.type !== "STATE_DELTA") return;
    expect(patched({ boat: "Ara", crew: ["Ada"] }, change.delta)).toStrictEqual({ boat: "Ara", crew: ["Ada", "Bo"], "a/b": null });
  });

  it.each<readonly [Json, Json]>([
    ["text", { a: 1 }],
    [{ a: 1 }, null],
    [{ a: 1 }, [1]],
    [0, 1],
  ])("is a snapshot from %j to %j", (previous, next) => {
    expect(stateChange(previous, next)).toStrictEqual({ type: "STATE_SNAPSHOT", snapshot: next });
  });

  it("is a snapshot where a client would refuse the patch", () => {
    const next = JSON.parse('{"__proto__":{"a":2}}') as Json;
    expect(stateChange({ a: 1 }, next)).toStrictEqual({ type: "STATE_SNAPSHOT", snapshot: next });
  });

  it("is none where the values are equal in another order", () => {
    expect(stateChange({ a: 1, b: 2 }, { b: 2, a: 1 })).toBeUndefined();
  });
});
