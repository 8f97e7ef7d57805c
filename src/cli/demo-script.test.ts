import { describe, expect, test } from "vitest";
import { nextLines, type Line } from "./demo-script.ts";

function asked(question: string): { role: string; content: { type: string; text: string }[] }[] {
  return [
    { role: "system", content: [] },
    { role: "user", content: [{ type: "text", text: question }] },
  ];
}

const results = {
  role: "tool",
  content: [
    { type: "tool-result", output: { type: "json", value: { sentence: "In Oslo it is rainy at 9 °C." } } },
    { type: "tool-result", output: { type: "text", value: "tool failed" } },
  ],
};

function textOf(lines: readonly Line[]): string {
  return lines.map((line) => (line.type === "tool" ? "" : line.text)).join("");
}

describe("the first answer", () => {
  test("thinks aloud and calls both tools with what the question holds", () => {
    const lines = nextLines(asked("What is 12.5 × 4 in Oslo?"));
    expect(lines.map((line) => line.type)).toEqual(["reasoning", "text", "tool", "tool"]);
    expect(lines.slice(2)).toEqual([
      { type: "tool", toolName: "weather", input: { city: "Oslo" } },
      { type: "tool", toolName: "calculator", input: { left: 12.5, operator: "*", right: 4 } },
    ]);
    expect(textOf(lines)).toContain('"What is 12.5 × 4 in Oslo?"');
  });

  test("asks to pay where the question does", () => {
    expect(nextLines(asked("Please pay the harbour 20 euros.")).slice(1)).toEqual([{ type: "tool", toolName: "payment", input: { euros: 20 } }]);
  });

  test("has something to look up for any question", () => {
    expect(nextLines(asked("hello")).slice(2)).toEqual([
      { type: "tool", toolName: "weather", input: { city: "Lisbon" } },
      { type: "tool", toolName: "calculator", input: { left: 5, operator: "*", right: 7 } },
    ]);
  });

  test("is given again to the next question of a thread", () => {
    const thread = [...asked("one"), results, { role: "assistant", content: [{ type: "text", text: "done" }] }, ...asked("two").slice(1)];
    expect(nextLines(thread).map((line) => line.type)).toEqual(["reasoning", "text", "tool", "tool"]);
  });
});

describe("the answer after the tools", () => {
  test("repeats the question and what the tools gave, and calls no tool", () => {
    const lines = nextLines([...asked("hello"), results]);
    expect(lines.map((line) => line.type)).toEqual(["text"]);
    expect(textOf(lines)).toMatch(/"hello".*In Oslo it is rainy at 9 °C\..*tool failed/);
  });

  test("is the same for the same prompt", () => {
    const prompt = [...asked("Tell me a story"), results];
    expect(nextLines(prompt)).toEqual(nextLines(prompt));
  });

  test("is long for a story, with every night in its place", () => {
    const text = textOf(nextLines([...asked("Tell me a story"), results]));
    expect(text.split(/\s+/).length).toBeGreaterThan(330);
    expect([...text.matchAll(/On night (\d+) /g)].map(([, night]) => Number(night))).toEqual(Array.from({ length: 26 }, (_, index) => index + 1));
  });
});
