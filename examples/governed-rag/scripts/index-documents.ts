import { join } from "node:path";
import { DocumentIndex } from "../src/document-index.ts";
import { embedder } from "../src/embedder.ts";
import { filesOf } from "../src/environment.ts";
import { indexCorpus } from "../src/index-workflow.ts";

const root = join(import.meta.dirname, "..");
const index = await DocumentIndex.open(filesOf(process.env).indexUrl, embedder(process.env));
const { documents, passages } = await indexCorpus(index, join(root, "corpus"), join(root, "policy.json"));
console.log(`${documents} documents, ${passages} passages`);
await index.close();
