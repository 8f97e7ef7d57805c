import { afterEach, describe, expect, test, vi } from "vitest";
import { ANN, BOB, CLERK, interruptsIn, openDesk, type Desk, type InterruptJson, type Person } from "./interrupt-desk.ts";
import { problemIn } from "./test-app.ts";

const ISO_TIME = /^\d{4}-.+Z$/;

const opened: Desk[] = [];
afterEach(async () => {
  for (const { holdfast } of opened.splice(0)) await holdfast.close();
});

async function open(options?: Parameters<typeof openDesk>[0]): Promise<Desk> {
  const desk = await openDesk(options);
  opened.push(desk);
  return desk;
}

async function listOf(desk: Desk, person: Person, query = "?status=pending"): Promise<readonly string[]> {
  return (await interruptsIn(await desk.send(person, `/v1/interrupts${query}`))).map(({ id }) => id);
}

function answer(desk: Desk, person: Person | undefined, { id }: Pick<InterruptJson, "id">, body: unknown): Promise<Response> {
  return desk.send(person, `/v1/interrupts/${id}/answer`, body);
}

/** Answers, and gives the id of the run that goes on. */
async function answered(desk: Desk, person: Person, asked: InterruptJson, body: unknown): Promise<string> {
  const response = await answer(desk, person, asked, body);
  expect(response.status).toBe(200);
  const given = (await response.json()) as { readonly interrupt: InterruptJson; readonly runId?: string };
  expect(given.interrupt).toMatchObject({ id: asked.id, status: "answered" });
  return String(given.runId);
}

async function stateOf(desk: Desk, person: Person, { id }: InterruptJson): Promise<InterruptJson> {
  return (await (await desk.send(person, `/v1/interrupts/${id}`)).json()) as InterruptJson;
}

interface AuditRow {
  readonly action: string;
  readonly actor: string;
  readonly interruptId?: string;
  readonly at: string;
}

async function auditOf(desk: Desk, person: Person, { runId }: InterruptJson): Promise<readonly AuditRow[]> {
  const { entries } = (await (await desk.send(person, `/v1/runs/${runId}/audit`)).json()) as { readonly entries: readonly AuditRow[] };
  return entries;
}

describe("GET /v1/interrupts", () => {
  test("lists what the owner is asked, and nobody else's", async () => {
    const desk = await open();
    const [paying, telling, bobs] = [await desk.ask(ANN, "pay"), await desk.ask(ANN, "tell"), await desk.ask(BOB, "pay")];
    expect(await listOf(desk, ANN)).toEqual([telling.id, paying.id]);
    expect(await listOf(desk, BOB)).toEqual([bobs.id]);
    expect(await listOf(desk, { sub: "eve" })).toEqual([]);
    expect(paying).toMatchObject({
      kind: "tool-approval",
      status: "pending",
      resourceId: "ann",
      agentId: "porter",
      toolCallId: "c1",
      toolName: "pay",
      input: { euros: 90 },
      resumeSchema: { type: "object", required: ["approved"] },
    });
    expect(paying["createdAt"]).toMatch(ISO_TIME);
    expect(telling).toMatchObject({ kind: "tool-suspend", toolName: "tell", payload: { question: "Which berth?" } });
  });

  test("lists by status, run and thread, a page at a time", async () => {
    const desk = await open();
    const [first, second] = [await desk.ask(ANN, "pay"), await desk.ask(ANN, "pay")];
    await answered(desk, ANN, first, { answer: { approved: false } });
    expect(await listOf(desk, ANN)).toEqual([second.id]);
    expect(await listOf(desk, ANN, "?status=answered")).toEqual([first.id]);
    expect(await listOf(desk, ANN, "?status=answered,pending")).toEqual([second.id, first.id]);
    expect(await listOf(desk, ANN, "?status=answered&status=expired")).toEqual([first.id]);
    expect(await listOf(desk, ANN, `?runId=${first.runId}`)).toEqual([first.id]);
    expect(await listOf(desk, ANN, `?threadId=${second.threadId}`)).toEqual([second.id]);
    const page = (await (await desk.send(ANN, "/v1/interrupts?limit=1")).json()) as { readonly nextCursor: string };
    expect(await listOf(desk, ANN, `?limit=1&cursor=${encodeURIComponent(page.nextCursor)}`)).toEqual([first.id]);
  });

  test.each(["?status=open", "?limit=0", "?limit=many", "?runId=", "?threadId="])("refuses the query %s", async (query) => {
    const desk = await open();
    const response = await desk.send(ANN, `/v1/interrupts${query}`);
    expect([response.status, (await problemIn(response)).code]).toEqual([400, "INPUT_INVALID"]);
  });
});

describe("an approver", () => {
  test("sees and answers everybody's, and the owner can see who it was", async () => {
    const desk = await open();
    const [anns, bobs] = [await desk.ask(ANN, "pay"), await desk.ask(BOB, "pay")];
    expect(await listOf(desk, CLERK)).toEqual([bobs.id, anns.id]);
    expect(await stateOf(desk, CLERK, anns)).toEqual(anns);
    const runId = await answered(desk, CLERK, anns, { answer: { approved: true } });
    expect(await desk.endOf(ANN, runId)).toBe("completed");
    expect(desk.executed).toEqual([{ paid: 90 }]);
    expect(await listOf(desk, CLERK)).toEqual([bobs.id]);
    expect(await stateOf(desk, ANN, anns)).toMatchObject({ status: "answered", answer: { approved: true }, answeredBy: "clerk" });
    const [row, ...rows] = await auditOf(desk, ANN, anns);
    expect(row).toMatchObject({ runId: anns.runId, action: "approved", actor: "clerk", interruptId: anns.id });
    expect(row?.at).toMatch(ISO_TIME);
    expect(rows).toEqual([]);
  });

  test("sees nothing but the question: neither the run, its audit, nor the chat", async () => {
    const desk = await open();
    const { runId, threadId, id } = await desk.ask(ANN, "pay");
    const part = { type: "tool-pay", toolCallId: "c1", state: "approval-responded", input: {}, approval: { id, approved: true } };
    const chat = { messages: [{ id: "m1", role: "assistant", parts: [part] }] };
    const responses = [
      await desk.send(CLERK, `/v1/runs/${runId}`),
      await desk.send(CLERK, `/v1/runs/${runId}/audit`),
      await desk.send(CLERK, `/api/chat/${threadId}/messages`),
      await desk.send(CLERK, "/api/chat", { ...chat, id: threadId }),
      await desk.send(CLERK, "/api/chat", chat),
    ];
    expect(responses.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(await listOf(desk, ANN)).toEqual([id]);
  });

  test.each(["holdfast:approver", "holdfast", "xholdfast:approve"])("is nobody with the scope %s", async (scope) => {
    const desk = await open();
    await desk.ask(ANN, "pay");
    expect(await listOf(desk, { ...CLERK, scope })).toEqual([]);
  });
});

describe("somebody else's question", () => {
  test("is not found, whatever is asked of it, and stays open", async () => {
    const desk = await open();
    const asked = await desk.ask(ANN, "pay");
    const responses = [
      await desk.send(BOB, `/v1/interrupts/${asked.id}`),
      await answer(desk, BOB, asked, { answer: { approved: true } }),
      await answer(desk, BOB, asked, { answer: "no answer at all" }),
      await desk.send(BOB, `/v1/runs/${asked.runId}/audit`),
      await answer(desk, BOB, { id: "int_none" }, { answer: { approved: true } }),
    ];
    expect(responses.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    const [foreign, answering, , , missing] = await Promise.all(responses.map(problemIn));
    expect(foreign).toEqual(missing);
    expect(answering).toEqual(missing);
    expect(await listOf(desk, BOB, `?runId=${asked.runId}`)).toEqual([]);
    expect(await listOf(desk, ANN)).toEqual([asked.id]);
    expect(desk.executed).toEqual([]);
  });

  test("is asked for credentials", async () => {
    const desk = await open();
    const asked = await desk.ask(ANN, "pay");
    const responses = [
      await desk.send(undefined, "/v1/interrupts"),
      await desk.send(undefined, `/v1/interrupts/${asked.id}`),
      await answer(desk, undefined, asked, { answer: { approved: true } }),
      await desk.send(undefined, `/v1/runs/${asked.runId}/audit`),
    ];
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  });
});

describe("POST /v1/interrupts/:id/answer", () => {
  test("hands on an answer as it came, whatever its fields are named", async () => {
    const desk = await open();
    const asked = await desk.ask(ANN, "tell");
    const given = '{"__proto__":{"berth":7}}';
    const runId = await answered(desk, ANN, asked, `{"answer":${given}}`);
    expect(await desk.endOf(ANN, runId)).toBe("completed");
    expect(JSON.stringify(desk.executed)).toBe(`[${given}]`);
    expect(JSON.stringify((await stateOf(desk, ANN, asked))["answer"])).toBe(given);
  });

  test.each([
    [200, 200],
    [201, 400],
    [20_000, 400],
  ])("gives an answer of %i levels the status %i", async (levels, status) => {
    const desk = await open();
    const asked = await desk.ask(ANN, "tell");
    const response = await answer(desk, ANN, asked, `{"answer":${"[".repeat(levels)}${"]".repeat(levels)}}`);
    expect(response.status).toBe(status);
    expect(await stateOf(desk, ANN, asked)).toMatchObject({ status: status === 200 ? "answered" : "pending" });
  });

  test.each([[null], [false], [0], [""], [[]], [{ berth: 7 }]])("hands a suspended tool the answer %j", async (given) => {
    const desk = await open();
    const asked = await desk.ask(ANN, "tell");
    const runId = await answered(desk, ANN, asked, { answer: given });
    expect(await desk.endOf(ANN, runId)).toBe("completed");
    expect(desk.executed).toEqual([given]);
    expect((await stateOf(desk, ANN, asked))["answer"]).toEqual(given);
  });

  test.each([
    ["pay", { answer: "yes" }],
    ["pay", { answer: null }],
    ["pay", { answer: {} }],
    ["pay", { answer: { approved: "yes" } }],
    ["pay", { answer: { approved: true, reason: 7 } }],
    ["book", { answer: { berth: "seven" } }],
    ["book", { answer: null }],
    ["tell", {}],
    ["tell", { answer: 7, comment: "seven" }],
    ["tell", []],
    ["tell", "null"],
    ["tell", "seven"],
    ["tell", ""],
    ["tell", '{"answer":'],
  ] as const)("leaves the question of %s open when it is given %j", async (tool, body) => {
    const desk = await open();
    const asked = await desk.ask(ANN, tool);
    const response = await answer(desk, ANN, asked, body);
    expect([response.status, (await problemIn(response)).code]).toEqual([400, "INPUT_INVALID"]);
    expect(await stateOf(desk, ANN, asked)).toEqual(asked);
    expect(desk.executed).toEqual([]);
  });

  test("takes the same answer twice, and keeps to the first where they differ", async () => {
    const desk = await open();
    const asked = await desk.ask(ANN, "pay");
    const runId = await answered(desk, ANN, asked, { answer: { approved: false, reason: "Too dear." } });
    expect(await answered(desk, ANN, asked, { answer: { reason: "Too dear.", approved: false } })).toBe(runId);
    const response = await answer(desk, CLERK, asked, { answer: { approved: true } });
    expect([response.status, (await problemIn(response)).code]).toEqual([409, "ALREADY_ANSWERED"]);
    expect(await desk.endOf(ANN, runId)).toBe("completed");
    expect(await stateOf(desk, ANN, asked)).toMatchObject({ answer: { approved: false, reason: "Too dear." }, answeredBy: "ann" });
    expect(desk.executed).toEqual([]);
  });

  test("lets one of two answers that are given at once take effect", async () => {
    const desk = await open();
    const asked = await desk.ask(ANN, "pay");
    const give = async (approved: boolean): Promise<Response> => answer(desk, ANN, asked, { answer: { approved } });
    const [approval, decline] = await Promise.all([give(true), give(false)]);
    const [taken, refused] = approval.status === 200 ? [approval, decline] : [decline, approval];
    expect([taken.status, refused.status, (await problemIn(refused)).code]).toEqual([200, 409, "ALREADY_ANSWERED"]);
    const { runId } = (await taken.json()) as { readonly runId: string };
    expect(await desk.endOf(ANN, runId)).toBe("completed");
    expect(desk.executed).toHaveLength(taken === approval ? 1 : 0);
  });

  test("refuses an answer that comes too late", async () => {
    const desk = await open({ interruptTtlMs: 20 });
    const asked = await desk.ask(ANN, "pay");
    expect(asked["expiresAt"]).toMatch(ISO_TIME);
    await vi.waitFor(async () => expect(await stateOf(desk, ANN, asked)).toMatchObject({ status: "expired" }), { timeout: 10_000 });
    const response = await answer(desk, ANN, asked, { answer: { approved: true } });
    expect([response.status, (await problemIn(response)).code]).toEqual([409, "INTERRUPT_CLOSED"]);
    expect(await listOf(desk, ANN)).toEqual([]);
    expect(desk.executed).toEqual([]);
  });

  test("refuses an answer to a run that was canceled, and says who canceled it", async () => {
    const desk = await open();
    const asked = await desk.ask(ANN, "pay");
    const canceled = (await (await desk.send(ANN, `/v1/runs/${asked.runId}/cancel`, {})).json()) as { readonly id: string };
    expect(await desk.endOf(ANN, canceled.id)).toBe("canceled");
    const response = await answer(desk, ANN, asked, { answer: { approved: true } });
    expect([response.status, (await problemIn(response)).code]).toEqual([409, "INTERRUPT_CLOSED"]);
    expect(await auditOf(desk, ANN, asked)).toMatchObject([{ action: "canceled", actor: "ann" }]);
  });
});
