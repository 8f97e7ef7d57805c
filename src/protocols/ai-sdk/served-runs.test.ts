import { describe, expect, it } from "vitest";
import { ServedRuns } from "./served-runs.ts";

describe("the run that a chat's stream serves", () => {
  it("is found by what its client has of it, until the stream ended", () => {
    const served = new ServedRuns();
    served.note("ada", "chat-1", "run_1", 0);
    served.note("ada", "chat-1", "run_1", 7);
    expect(served.find("ada", "chat-1", 7)).toBe("run_1");
    expect(served.find("ada", "chat-1", 8)).toBeUndefined();
    served.forget("ada", "chat-1", "run_2");
    expect(served.find("ada", "chat-1", 7)).toBe("run_1");
    served.forget("ada", "chat-1", "run_1");
    expect(served.find("ada", "chat-1", 7)).toBeUndefined();
  });

  it("is another one once the chat's stream began with that", () => {
    const served = new ServedRuns();
    served.note("ada", "chat-1", "run_1", 7);
    served.note("ada", "chat-1", "run_2", 0);
    expect(served.find("ada", "chat-1", 0)).toBe("run_2");
    expect(served.find("ada", "chat-1", 7)).toBeUndefined();
  });

  it("is each owner's own, whatever the ids are made of", () => {
    const served = new ServedRuns();
    served.note("ada", 'x","y', "run_1", 7);
    expect(served.find('ada","x', "y", 7)).toBeUndefined();
    expect(served.find("eve", 'x","y', 7)).toBeUndefined();
  });

  it("is forgotten for the chats whose streams began longest ago", () => {
    const served = new ServedRuns();
    for (let chat = 0; chat <= 10_000; chat += 1) served.note("ada", `chat-${chat}`, "run_1", 1);
    expect(served.find("ada", "chat-0", 1)).toBeUndefined();
    expect(served.find("ada", "chat-10000", 1)).toBe("run_1");
  });
});
