import type { MastraModelConfig } from "@mastra/core/llm";
import { Mastra } from "@mastra/core/mastra";
import { createHoldfast, type Holdfast } from "holdfast";
import { answerWriter, assistant } from "./assistant.ts";
import { AuditTrail } from "./audit-trail.ts";
import { authenticateWith } from "./authenticate.ts";
import { DocumentIndex } from "./document-index.ts";
import { DraftSeal } from "./draft-seal.ts";
import { embedder } from "./embedder.ts";
import type { Environment } from "./environment.ts";
import { frontApp } from "./front-app.ts";
import { model as chosenModel } from "./model.ts";
import { governedAnswer, IDEMPOTENT_STEPS, WORKFLOW_ID, type WorkflowParts } from "./workflow.ts";

/** What tests put in place of what the environment says. */
export interface Replacements {
  readonly model?: MastraModelConfig;
  readonly verify?: WorkflowParts["verify"];
}

/** The whole example, without a port. */
export interface GovernedRag {
  fetch(request: Request): Promise<Response>;
  readonly holdfast: Holdfast;
  readonly mastra: Mastra;
  readonly index: DocumentIndex;
  readonly audit: AuditTrail;
  close(): Promise<void>;
}

export async function openGovernedRag(
  settings: Omit<Environment, "port">,
  env: NodeJS.ProcessEnv,
  { model = chosenModel(env), verify }: Replacements = {},
): Promise<GovernedRag> {
  const authenticate = authenticateWith(settings.secret);
  const index = await DocumentIndex.open(settings.indexUrl, embedder(env));
  const audit = new AuditTrail(settings.auditPath);
  const seal = new DraftSeal(settings.secret);
  const workflow = governedAnswer({ index, audit, seal, writer: answerWriter(model), ...(verify !== undefined && { verify }) });
  const mastra = new Mastra({ agents: { "governed-rag": assistant(workflow) }, workflows: { [WORKFLOW_ID]: workflow }, logger: false });
  const holdfast = await createHoldfast({ mastra, auth: authenticate, store: settings.store, idempotentTools: IDEMPOTENT_STEPS });
  const app = frontApp({ holdfast, authenticate, audit });
  return {
    fetch: async (request) => app.fetch(request),
    holdfast,
    mastra,
    index,
    audit,
    close: async () => {
      await holdfast.close();
      await index.close();
      audit.close();
    },
  };
}
