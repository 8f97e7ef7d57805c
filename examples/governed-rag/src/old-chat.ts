import type { Authenticate, Holdfast, Offset, Principal, Run, RunInput } from "holdfast";
import { z } from "zod";
import { codeIn } from "./failure.ts";
import { answerSchema, questionSchema, WORKFLOW_ID, type Answer } from "./workflow.ts";

/** What `POST /api/chat` took before there was Holdfast. */
export interface OldChat {
  readonly jwt?: string;
  readonly question: string;
}

const shape = z.object({ jwt: z.string().optional(), question: z.string(), messages: z.undefined().optional(), prompt: z.undefined().optional() });

/** Bodies of the old shape are small; what is larger, or does not say how large it is, is passed on unread. */
const MAX_BODY_BYTES = 65_536;
const PIECE_LENGTH = 50;
const START = 0 as Offset;

const UNAUTHENTICATED = { error: "Send a valid token with at least one role and a tenant." };
const FAILED = { error: "The question could not be answered." };
const CLOSING = { error: "The server is restarting. The run goes on; ask again to see the answer." };
const WITHHELD = { error: "The answer is withheld, since it could not be verified.", code: "ANSWER_WITHHELD" };

interface Unanswered {
  readonly error: string;
  /** Where the run says it. */
  readonly code?: string;
}

/** The body, where it has the old shape, and a request that can still be read. */
export async function readOldChat(request: Request): Promise<{ readonly oldChat?: OldChat; readonly request: Request }> {
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (!(length <= MAX_BODY_BYTES)) return { request };
  const body = await request.text();
  const unread = new Request(request.url, { method: request.method, headers: request.headers, body, signal: request.signal });
  const { success, data } = shape.safeParse(parsed(body));
  return success ? { oldChat: { question: data.question, ...(data.jwt !== undefined && { jwt: data.jwt }) }, request: unread } : { request: unread };
}

/** Answers with a durable run: as `{ answer, citations }` to who accepts JSON only, else with the frames of old. */
export async function answerOldChat(
  oldChat: OldChat,
  request: Request,
  { holdfast, authenticate }: { readonly holdfast: Holdfast; readonly authenticate: Authenticate },
): Promise<Response> {
  const principal = await principalOf(oldChat, request, authenticate);
  if (principal === undefined) return Response.json(UNAUTHENTICATED, { status: 401 });
  const checked = questionSchema.safeParse({ question: oldChat.question });
  if (!checked.success) return Response.json({ error: "The question is empty or too long." }, { status: 400 });
  const input: RunInput = { messages: [], trigger: "submit", workflow: { input: checked.data } };
  const run = await holdfast.engine.start(principal, { agentId: WORKFLOW_ID, input });
  const headers = { "x-workflow-run-id": run.id, "cache-control": "no-store" };
  // Who goes away cancels nothing: the run ends, and its record can be read.
  const outcome = outcomeOf(holdfast, run);
  if (!wantsJson(request)) return new Response(framesOf(outcome), { headers: { ...headers, "content-type": "text/event-stream" } });
  const answer = await outcome;
  if ("error" in answer) return Response.json(answer, { status: 502, headers });
  return Response.json({ answer: answer.answer, citations: answer.citations }, { headers });
}

/** A request may carry a token in its body, in its header or in both. Where the two are not of the same, nobody can say whose the question is. */
async function principalOf({ jwt }: OldChat, request: Request, authenticate: Authenticate): Promise<Principal | undefined> {
  const ofHeader = await authenticate(request);
  if (jwt === undefined) return ofHeader;
  const ofBody = await authenticate(withToken(request.url, jwt));
  const areOne = !request.headers.has("authorization") || ofHeader?.resourceId === ofBody?.resourceId;
  return areOne ? ofBody : undefined;
}

function withToken(url: string, jwt: string): Request {
  // What is no token at all is no header either.
  return new Request(url, { headers: { authorization: `Bearer ${/^[\w.-]+$/.test(jwt) ? jwt : ""}` } });
}

function wantsJson(request: Request): boolean {
  const accept = request.headers.get("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/event-stream");
}

async function outcomeOf({ engine }: Holdfast, run: Run): Promise<Answer | Unanswered> {
  let answer: Answer | undefined;
  for await (const entries of engine.tail(run, START, engine.closing)) {
    for (const { event } of entries) {
      if (event.type === "object" && event.isFinal) answer = answerSchema.safeParse(event.object).data;
      if (event.type === "run-completed" && answer !== undefined) return answer;
      if (event.type === "run-failed") return unanswered(codeIn(event.error.message));
    }
  }
  return engine.closing.aborted ? CLOSING : FAILED;
}

function unanswered(code: string | undefined): Unanswered {
  if (code === WITHHELD.code) return WITHHELD;
  return { ...FAILED, ...(code !== undefined && { code }) };
}

function framesOf(outcome: Promise<Answer | Unanswered>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const frame = (data: object): Uint8Array => encoder.encode(`data: ${JSON.stringify(data)}\n\n`);
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(frame({ content: "Processing…" }));
      const answer = await outcome.catch((error: unknown) => {
        console.error("an answer of the old chat failed:", error);
        return FAILED;
      });
      const text = "error" in answer ? answer.error : answer.answer;
      for (const piece of piecesOf(text)) controller.enqueue(frame({ content: piece }));
      controller.enqueue(frame({ done: true, citations: "error" in answer ? [] : answer.citations, contexts: [] }));
      controller.close();
    },
  });
}

function piecesOf(text: string): readonly string[] {
  const characters = Array.from(text);
  return Array.from({ length: Math.ceil(characters.length / PIECE_LENGTH) }, (_, index) =>
    characters.slice(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH).join(""),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
