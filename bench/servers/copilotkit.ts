import { MastraAgent } from "@ag-ui/mastra";
import { CopilotRuntime, createCopilotEndpoint } from "@copilotkit/runtime/v2";
import { benchMastra } from "./agents.ts";
import { launch } from "./launcher.ts";

/** The peer that speaks AG-UI: `@ag-ui/mastra` behind the CopilotKit runtime with its in-memory runner, over Hono. */
await launch((directory) => {
  const mastra = benchMastra(directory);
  const runtime = new CopilotRuntime({ agents: MastraAgent.getLocalAgents({ mastra, resourceId: "bench" }) });
  const app = createCopilotEndpoint({ runtime, basePath: "/copilotkit" });
  return { fetch: (request) => app.fetch(request), close: () => Promise.resolve() };
});
