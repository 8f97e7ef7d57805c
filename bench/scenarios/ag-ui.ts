import { agUi as askAgUi } from "../client/ag-ui.ts";
import type { Scenario } from "../report/result.ts";
import { compareThroughput, type Comparison } from "./throughput.ts";

const COMPARISON: Comparison = {
  peers: ["copilotkit"],
  ask: (server, subject, script) => askAgUi(server.url, subject, script),
  limits: [{ claim: "throughput / @ag-ui/mastra behind CopilotKit", peer: "copilotkit", field: "deltasPerSecond", limit: 1, direction: "at least" }],
};

/** The text of the model as AG-UI events, beside Mastra's adapter behind the CopilotKit runtime. */
export const agUi: Scenario = {
  name: "ag-ui",
  title: "Text as AG-UI events over HTTP: 20,000 deltas without a pause",
  run: (options) => compareThroughput(COMPARISON, options),
};
