const AGENT = `
import { Agent } from "@mastra/core/agent";
const answer = async () => ({
  stream: new ReadableStream({
    start(controller) {
      controller.enqueue({ type: "stream-start", warnings: [] });
      controller.enqueue({ type: "text-start", id: "0" });
      for (const delta of ["All ", "is ", "well."]) controller.enqueue({ type: "text-delta", id: "0", delta });
      controller.enqueue({ type: "text-end", id: "0" });
      controller.enqueue({ type: "finish", finishReason: "stop", usage: { inputTokens: 3, outputTokens: 3, totalTokens: 6 } });
      controller.close();
    },
  }),
});
const model = { specificationVersion: "v2", provider: "test", modelId: "fixed", supportedUrls: {}, doStream: answer };
`;

/** A module that Node loads as it is. */
export const PLAIN_MODULE: string = `${AGENT}
import { Mastra } from "@mastra/core/mastra";
const watchman = new Agent({ id: "watchman", name: "Watchman", instructions: "Report.", model });
export const mastra = new Mastra({ agents: { watchman }, logger: false });
`;

/** Modules as a bundler would take them: no extensions, an alias, an enum, a type imported like a value. */
export const BUNDLER_PROJECT: Readonly<Record<string, string>> = {
  "tsconfig.json": `{ "compilerOptions": { "paths": { "~/*": ["./*"] } } }`,
  "names.ts": `export enum Name { Watchman = "watchman" }\nexport type Title = string;\n`,
  "agent.ts": `${AGENT}
import { Name, Title } from "./names";
const title: Title = "Watchman";
export const watchman = new Agent({ id: Name.Watchman, name: title, instructions: "Report.", model: model as never });
`,
  "mastra.ts": `
import { Mastra } from "@mastra/core";
import { watchman } from "~/agent";
export const mastra = new Mastra({ agents: { watchman }, logger: false });
`,
};
