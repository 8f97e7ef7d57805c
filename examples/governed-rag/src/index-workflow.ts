import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { loadCorpus } from "./corpus.ts";
import type { DocumentIndex } from "./document-index.ts";

const indexed = z.object({ documents: z.number(), passages: z.number() });

/** Makes the index hold the documents of a folder. The server does not offer it: the corpus is changed by who has its files. */
export function governedIndex(index: DocumentIndex) {
  const step = createStep({
    id: "index",
    inputSchema: z.object({ folder: z.string(), policy: z.string() }),
    outputSchema: indexed,
    execute: async ({ inputData: { folder, policy } }) => {
      const documents = await loadCorpus(folder, policy);
      return { documents: documents.length, passages: await index.replace(documents) };
    },
  });
  return createWorkflow({ id: "governed-rag-index", inputSchema: step.inputSchema, outputSchema: indexed }).then(step).commit();
}

/** @throws what kept the documents from being indexed */
export async function indexCorpus(index: DocumentIndex, folder: string, policy: string): Promise<z.infer<typeof indexed>> {
  const run = await governedIndex(index).createRun();
  const result = await run.start({ inputData: { folder, policy } });
  if (result.status === "success") return result.result;
  throw result.status === "failed" ? result.error : new Error(`Indexing ended as ${result.status}.`);
}
