import { isDeeperThan, type Json } from "../../core/json.ts";
import { isObject } from "./values.ts";

/** The state of a page that holds its open questions, and the type of the object that asks one. */
export const HUMAN_IN_THE_LOOP = "humanInTheLoop";

/** What is nested deeper is not looked through. */
const MAX_LEVELS = 100;

export function isHumanInTheLoop(name: Json | undefined): boolean {
  // A page that looks a state up by a list of one finds the one.
  if (Array.isArray(name)) return isHumanInTheLoop((name as readonly Json[])[0]);
  return typeof name === "string" && name.trim().toLowerCase() === HUMAN_IN_THE_LOOP.toLowerCase();
}

/**
 * Whether what an agent made would answer a question in the name of its user, or ask one in the name of the server: a page executes the
 * setters of this state like those of any other, and they send the answer. Holds wherever in the value it stands.
 */
export function isForgery(value: Json | undefined): boolean {
  return isDeeperThan(value, MAX_LEVELS) || touchesQuestions(value);
}

function touchesQuestions(value: Json | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (isObject(value) && (isHumanInTheLoop(value["stateKey"]) || isHumanInTheLoop(value["type"]))) return true;
  return Object.values(value).some((inner: Json | undefined) => touchesQuestions(inner));
}
