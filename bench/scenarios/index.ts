import type { Scenario } from "../report/result.ts";
import { agUi } from "./ag-ui.ts";
import { fairness } from "./fairness.ts";
import { firstChunk } from "./first-chunk.ts";
import { readers } from "./readers.ts";
import { replay } from "./replay.ts";
import { runs } from "./runs.ts";
import { text } from "./text.ts";

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [text, agUi, firstChunk, fairness, runs, readers, replay];
