import type { Agent } from "@mastra/core/agent";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { accessOf, refusalsOf } from "./access.ts";
import type { AuditTrail, Question } from "./audit-trail.ts";
import { citationsOf } from "./citations.ts";
import { decided, recorded } from "./decided.ts";
import { textOf } from "./written-text.ts";
import { printOf, type DocumentIndex } from "./document-index.ts";
import type { DraftSeal } from "./draft-seal.ts";
import { runFailure } from "./failure.ts";
import { writerPrompt } from "./prompt.ts";
import { requesterOf, runIdOf } from "./requester.ts";
import { rerank } from "./rerank.ts";
import { NO_DOCUMENTS, verify as verifyDraft, type Draft } from "./verification.ts";

export const WORKFLOW_ID = "governed-rag-answer";

const MAX_QUESTION_LENGTH = 2_000;
/** Passages that are looked at, and passages that the model gets. */
const CANDIDATES = 12;
const PASSAGES = 4;
/** Documents whose refusal is put on record, the nearest to the question out of these passages. */
const REFUSALS = 10;
const REFUSED_PASSAGES = 40;

export const questionSchema = z.object({ question: z.string().trim().min(1).max(MAX_QUESTION_LENGTH) });
const citation = z.object({ docId: z.string(), source: z.string() });
/** The log has what steps return: of passages only their ids, and of an answer nothing that can be read before it is verified. */
const retrieved = questionSchema.extend({ passageIds: z.array(z.string()) });
const drafted = retrieved.extend({ sealedDraft: z.string() });
const draft = z.object({ answer: z.string(), citations: z.array(citation), prints: z.array(z.string()) });
export const answerSchema = z.object({
  answer: z.string(),
  citations: z.array(citation),
  verification: z.object({ ok: z.literal(true), reason: z.string() }),
});

export type Answer = z.infer<typeof answerSchema>;

/** All of its steps may execute again after a crash: they read, and their rows of the audit trail are written once. As Holdfast names them. */
export const IDEMPOTENT_STEPS: readonly string[] = ["authentication", "retrieval", "answer", "verification"].map((step) => `${WORKFLOW_ID}/${step}`);

export interface WorkflowParts {
  readonly index: DocumentIndex;
  readonly audit: AuditTrail;
  /** Writes the answer from a prompt that holds the passages. Has neither tools nor memory. */
  readonly writer: Agent;
  readonly seal: DraftSeal;
  readonly verify?: typeof verifyDraft;
}

/**
 * Authentication, retrieval, answer, verification. No step takes who asks from its input, nor a passage: each reads the request context anew, and asks
 * the index for what that may see by now, however long the run has waited. A decision is on record before what was decided happens, and a step that
 * cannot record it fails.
 */
export function governedAnswer({ index, audit, writer, seal, verify = verifyDraft }: WorkflowParts) {
  const authentication = createStep({
    id: "authentication",
    inputSchema: questionSchema,
    outputSchema: questionSchema,
    execute: async ({ inputData: { question }, requestContext, runId }) => {
      recorded(audit, about(requestContext, runId, question), [{ decision: "admitted" }]);
      return { question };
    },
  });

  const retrieval = createStep({
    id: "retrieval",
    inputSchema: questionSchema,
    outputSchema: retrieved,
    execute: async ({ inputData: { question }, requestContext, runId, abortSignal }) => {
      const subject = about(requestContext, runId, question);
      return decided({ audit, subject, abortSignal, code: "RETRIEVAL_FAILED" }, async () => {
        const access = accessOf(subject.requester);
        const found = await index.search(question, access, CANDIDATES);
        const passages = rerank(question, found, index.embedder.minScore, PASSAGES);
        const refused = documentsOf(await index.searchRefused(question, access, REFUSED_PASSAGES)).slice(0, REFUSALS);
        recorded(audit, subject, [
          ...documentsOf(passages).map(({ docId, source }) => ({ decision: "allowed" as const, docId, source })),
          ...refused.map((one) => ({ decision: "refused" as const, docId: one.docId, source: one.source, refusals: refusalsOf(access, one) })),
        ]);
        return { question, passageIds: passages.map(({ passageId }) => passageId) };
      });
    },
  });

  const answer = createStep({
    id: "answer",
    inputSchema: retrieved,
    outputSchema: drafted,
    execute: async ({ inputData: { question, passageIds }, requestContext, runId, abortSignal, writer: log }) => {
      const subject = about(requestContext, runId, question);
      return decided({ audit, subject, abortSignal, code: "ANSWER_FAILED" }, async () => {
        const passages = await index.passages(passageIds, accessOf(subject.requester));
        const written = passages.length === 0 ? NO_DOCUMENTS : await textOf(writer, writerPrompt(question, passages), { abortSignal, writer: log });
        const made: Draft = { answer: written, citations: citationsOf(written, passages), prints: passages.map(printOf) };
        return { question, passageIds: passages.map(({ passageId }) => passageId), sealedDraft: seal.close(made, nameOf(subject)) };
      });
    },
  });

  const verification = createStep({
    id: "verification",
    inputSchema: drafted,
    outputSchema: answerSchema,
    execute: async ({ inputData: { question, passageIds, sealedDraft }, requestContext, runId, abortSignal }) => {
      const subject = about(requestContext, runId, question);
      return decided({ audit, subject, abortSignal, code: "VERIFICATION_FAILED" }, async () => {
        const access = accessOf(subject.requester);
        const passages = await index.passages(passageIds, access);
        const { answer: written, citations, ...made } = draft.parse(seal.open(sealedDraft, nameOf(subject)));
        const { ok, reason } = verify({ answer: written, citations, ...made }, passages, access);
        if (!ok) {
          recorded(audit, subject, [{ decision: "rejected", reason }]);
          throw runFailure("ANSWER_WITHHELD");
        }
        const used = citations.map((one) => ({ decision: "used" as const, ...one }));
        recorded(audit, subject, [...used, { decision: used.length === 0 ? "no-documents" : "verified" }]);
        return { answer: written, citations, verification: { ok, reason } };
      });
    },
  });

  return createWorkflow({ id: WORKFLOW_ID, inputSchema: questionSchema, outputSchema: answerSchema })
    .then(authentication)
    .then(retrieval)
    .then(answer)
    .then(verification)
    .commit();
}

export type GovernedAnswer = ReturnType<typeof governedAnswer>;

function about(context: Parameters<typeof requesterOf>[0], runId: string, question: string): Question {
  return { runId: runIdOf(context, runId), requester: requesterOf(context), question };
}

/** What a draft belongs to: it is nothing in another run, nor for another question. */
function nameOf({ runId, question }: Question): string {
  return JSON.stringify([runId, question]);
}

/** One passage of each document. */
function documentsOf<P extends { readonly docId: string }>(passages: readonly P[]): readonly P[] {
  return [...new Map(passages.toReversed().map((one) => [one.docId, one])).values()].toReversed();
}
