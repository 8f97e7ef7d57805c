import { setTimeout as delay } from "node:timers/promises";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";

const SKIES = ["sunny", "cloudy", "rainy", "windy", "foggy"] as const;
/** Long enough for a page to show that a tool is at work. */
const LOOKUP_MS = 400;

/** A weather service that gives a city the same weather for ever. */
export const weather: ReturnType<typeof createTool> = createTool({
  id: "weather",
  description: "Tells the weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }, context) => {
    await delay(LOOKUP_MS, undefined, context.abortSignal && { signal: context.abortSignal });
    const seed = Array.from(city).reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
    const sky = SKIES[seed % SKIES.length];
    const celsius = 8 + (seed % 20);
    return { city, sky, celsius, sentence: `In ${city} it is ${sky} at ${celsius} °C.` };
  },
});

/** A payment that nobody gets, made only when a person said yes. */
export const payment: ReturnType<typeof createTool> = createTool({
  id: "payment",
  description: "Pays an amount of euros. A person has to approve it.",
  inputSchema: z.object({ euros: z.number() }),
  requireApproval: true,
  execute: async ({ euros }, context) => {
    await delay(LOOKUP_MS, undefined, context.abortSignal && { signal: context.abortSignal });
    return { euros, sentence: `${euros} euros are paid.` };
  },
});

/** The four operations on two numbers. */
export const calculator: ReturnType<typeof createTool> = createTool({
  id: "calculator",
  description: "Adds, subtracts, multiplies or divides two numbers.",
  inputSchema: z.object({ left: z.number(), operator: z.enum(["+", "-", "*", "/"]), right: z.number() }),
  execute: async ({ left, operator, right }) => {
    const result = OPERATIONS[operator](left, right);
    // Not named value: of an object with that name Mastra shows the model nothing else.
    return { result, sentence: `${left} ${operator} ${right} = ${result}.` };
  },
});

const OPERATIONS: Readonly<Record<"+" | "-" | "*" | "/", (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};
