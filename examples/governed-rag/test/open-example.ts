import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { RequestContext } from "@mastra/core/request-context";
import type { Requester } from "../src/access.ts";
import { loadCorpus, type Document } from "../src/corpus.ts";
import { tokenOf } from "../src/demo-users.ts";
import { filesOf } from "../src/environment.ts";
import { openGovernedRag, type GovernedRag, type Replacements } from "../src/governed-rag.ts";
import { indexCorpus } from "../src/index-workflow.ts";
import { scriptedModel } from "../src/model.ts";
import { WORKFLOW_ID, type Answer } from "../src/workflow.ts";

const ROOT = join(import.meta.dirname, "..");
export const CORPUS: string = join(ROOT, "corpus");
export const POLICY: string = join(ROOT, "policy.json");
export const SECRET = "a secret that is long enough for HS256";

/** The example on files of its own, with the corpus indexed. */
export interface Example extends GovernedRag {
  readonly folder: string;
  /** Everything that any model was told, as text. */
  readonly prompts: string[];
  /** Runs the workflow by Mastra itself; `durableId`: the run of Holdfast that it is told to be part of. */
  ask(requester: unknown, question: string, durableId?: string): Promise<{ readonly runId: string; readonly status: string; readonly answer?: Answer; readonly error?: string }>;
  /** A request with the token of a user. */
  send(requester: Requester, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The same, to delete something. */
  remove(requester: Requester, path: string): Promise<Response>;
}

export interface ExampleOptions extends Replacements {
  /** A folder that another example has left behind: nothing is indexed. */
  readonly folder?: string;
}

export async function openExample(test: Pick<TestContext, "after">, { folder: given, ...replacements }: ExampleOptions = {}): Promise<Example> {
  const folder = given ?? mkdtempSync(join(tmpdir(), "governed-rag-"));
  const prompts: string[] = [];
  const model = scriptedModel({ onPrompt: (prompt) => prompts.push(textOf(prompt)) });
  const rag = await openGovernedRag({ secret: SECRET, ...filesOf({ GOVERNED_RAG_DATA: folder }) }, {}, { model, ...replacements });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await rag.close();
    isOpen = false;
  };
  test.after(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  if (given === undefined) await indexCorpus(rag.index, CORPUS, POLICY);
  return {
    ...rag,
    close,
    folder,
    prompts,
    ask: async (...args) => ask(rag, ...args),
    remove: async (requester, path) =>
      rag.fetch(new Request(`http://localhost${path}`, { method: "DELETE", headers: { authorization: `Bearer ${await tokenOf(requester, SECRET)}` } })),
    send: async (requester, path, body, headers) =>
      rag.fetch(requestOf(path, body, { authorization: `Bearer ${await tokenOf(requester, SECRET)}`, ...headers })),
  };
}

export function requestOf(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  if (body === undefined) return new Request(`http://localhost${path}`, { headers });
  const text = JSON.stringify(body);
  return new Request(`http://localhost${path}`, {
    method: "POST",
    body: text,
    headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)), ...headers },
  });
}

async function ask({ mastra }: GovernedRag, ...[requester, question, durableId]: Parameters<Example["ask"]>): ReturnType<Example["ask"]> {
  const run = await mastra.getWorkflow(WORKFLOW_ID).createRun();
  const requestContext = new RequestContext<unknown>([["principal", requester]]);
  if (durableId !== undefined) requestContext.set("holdfast", { runId: durableId });
  const result = await run.start({ inputData: { question }, requestContext });
  const runId = durableId ?? run.runId;
  if (result.status === "success") return { runId, status: result.status, answer: result.result as Answer };
  return { runId, status: result.status, ...(result.status === "failed" && { error: result.error.message }) };
}

/** The text of a prompt as the model reads it. */
function textOf(prompt: readonly { readonly content: unknown }[]): string {
  return prompt
    .map(({ content }) =>
      typeof content === "string" ? content : (content as readonly { readonly text?: string }[]).map((part) => part.text ?? JSON.stringify(part)).join(""),
    )
    .join("\n");
}

/** The documents of the corpus, read once. */
export const DOCUMENTS: readonly Document[] = await loadCorpus(CORPUS, POLICY);

/** What nobody can write who has not read the document: its reference, and its lines that no other document has. */
export function secretsOf(document: Document): readonly string[] {
  const others = DOCUMENTS.filter(({ id }) => id !== document.id);
  const lines = document.text.split("\n").filter((line) => line.length >= 25 && !line.startsWith("#") && !line.includes('"'));
  return lines.filter((line) => !others.some(({ text }) => text.includes(line)));
}
