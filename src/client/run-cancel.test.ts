import { expect, test } from "vitest";
import { cancelUrlBeside } from "./run-cancel.ts";

test.each([
  ["https://example.com/ag-ui/agents/a/run", "https://example.com/v1/runs/run_1/cancel"],
  ["https://example.com/api/holdfast/ag-ui/agents/a/connect?follow=true", "https://example.com/api/holdfast/v1/runs/run_1/cancel"],
  ["https://example.com/copilotkit", "https://example.com/v1/runs/run_1/cancel"],
  ["http://io-bridge/io-bridge/run", "http://io-bridge/v1/runs/run_1/cancel"],
  ["/api/copilotkit/agent/a/run", "/api/v1/runs/run_1/cancel"],
  ["/io-bridge/run", "/v1/runs/run_1/cancel"],
  ["http://copilotkit/agent/a/run", undefined],
  ["https://example.com/agents?from=/ag-ui/", undefined],
  ["https://example.com/my-ag-ui/run", undefined],
])("a run of %s is canceled at %s", (requestUrl, cancelUrl) => {
  expect(cancelUrlBeside("run_1", requestUrl)).toBe(cancelUrl);
});
