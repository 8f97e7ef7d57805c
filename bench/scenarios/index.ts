import type { Scenario } from "../report/result.ts";
import { firstChunk } from "./first-chunk.ts";
import { readers } from "./readers.ts";
import { runs } from "./runs.ts";
import { text } from "./text.ts";

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [text, firstChunk, runs, readers];
