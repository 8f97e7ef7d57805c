import type { Agent } from "@mastra/core/agent";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { accessOf, refusalsOf } from "./access.ts";
import type { AuditTrail, Question } from "./audit-trail.ts";
import { citationsOf } from "./citations.ts";
import { draftOf } from "./draft.ts";
import { passageSchema, type DocumentIndex } from "./document-index.ts";
import { writerPrompt } from "./prompt.ts";
import { requesterOf, runIdOf } from "./requester.ts";
import { rerank } from "./rerank.ts";
import { NO_DOCUMENTS, verify as verifyDraft, type Verdict } from "./verification.ts";

export const WORKFLOW_ID = "governed-rag-answer";

const MAX_QUESTION_LENGTH = 2_000;
/** Passages that are looked at, and passages that the model gets. */
const CANDIDATES = 12;
const PASSAGES = 4;
/** Documents whose refusal is put on record, out of these passages. Always as many as there are, however far from the question: the number tells nothing. */
const REFUSALS = 10;
const REFUSED_PASSAGES = 40;

export const questionSchema = z.object({ question: z.string().trim().min(1).max(MAX_QUESTION_LENGTH) });
const citation = z.object({ docId: z.string(), source: z.string() });
const passage = passageSchema.extend({ score: z.number() });
const retrieved = questionSchema.extend({ passages: z.array(passage) });
const drafted = retrieved.extend({ answer: z.string(), citations: z.array(citation) });
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
  readonly verify?: typeof verifyDraft;
}

/**
 * Authentication, retrieval, answer, verification. No step takes who asks from its input: each reads the request context anew. A decision is on record
 * before what was decided happens, and a step that cannot record it fails.
 */
export function governedAnswer({ index, audit, writer, verify = verifyDraft }: WorkflowParts) {
  const authentication = createStep({
    id: "authentication",
    inputSchema: questionSchema,
    outputSchema: questionSchema,
    execute: async ({ inputData, requestContext, runId }) => {
      audit.record(about(requestContext, runId, inputData.question), [{ decision: "admitted" }]);
      return { question: inputData.question };
    },
  });

  const retrieval = createStep({
    id: "retrieval",
    inputSchema: questionSchema,
    outputSchema: retrieved,
    execute: async ({ inputData: { question }, requestContext, runId }) => {
      const access = accessOf(requesterOf(requestContext));
      const found = await index.search(question, access, CANDIDATES);
      const passages = rerank(question, found, index.embedder.minScore, PASSAGES);
      const refused = documentsOf(await index.searchRefused(question, access, REFUSED_PASSAGES)).slice(0, REFUSALS);
      audit.record(about(requestContext, runId, question), [
        ...documentsOf(passages).map(({ docId, source }) => ({ decision: "allowed" as const, docId, source })),
        ...refused.map((one) => ({ decision: "refused" as const, docId: one.docId, source: one.source, refusals: refusalsOf(access, one) })),
      ]);
      return { question, passages: [...passages] };
    },
  });

  const answer = createStep({
    id: "answer",
    inputSchema: retrieved,
    outputSchema: drafted,
    execute: async ({ inputData: { question, passages }, abortSignal, writer: log }) => {
      if (passages.length === 0) return { question, passages, answer: NO_DOCUMENTS, citations: [] };
      const text = await draftOf(writer, writerPrompt(question, passages), { abortSignal, writer: log });
      return { question, passages, answer: text, citations: [...citationsOf(text, passages)] };
    },
  });

  const verification = createStep({
    id: "verification",
    inputSchema: drafted,
    outputSchema: answerSchema,
    execute: async ({ inputData, requestContext, runId }) => {
      const subject = about(requestContext, runId, inputData.question);
      const { ok, reason } = verdictOf(() => verify(inputData, accessOf(subject.requester)));
      if (!ok) {
        audit.record(subject, [{ decision: "rejected", reason }]);
        throw new Error(`The answer is withheld: ${reason}.`);
      }
      const used = inputData.citations.map((one) => ({ decision: "used" as const, ...one }));
      audit.record(subject, [...used, { decision: used.length === 0 ? "no-documents" : "verified" }]);
      return { answer: inputData.answer, citations: inputData.citations, verification: { ok, reason } };
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

/** One passage of each document. */
function documentsOf<P extends { readonly docId: string }>(passages: readonly P[]): readonly P[] {
  return [...new Map(passages.toReversed().map((one) => [one.docId, one])).values()].toReversed();
}

/** A check that breaks has not been passed. */
function verdictOf(check: () => Verdict): Verdict {
  try {
    return check();
  } catch {
    return { ok: false, reason: "the verification could not be done" };
  }
}
