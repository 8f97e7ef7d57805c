import { z } from "zod";
import { embedded, named } from "../../core/json-schema.ts";
import { jsonResponse, type RouteDocument } from "../../core/route-description.ts";
import { answerBody } from "../interrupt-body.ts";
import { PAGE, statusFilter } from "./page.ts";
import { INTERRUPT_STATUSES, SCHEMAS } from "./schemas.ts";

/** The routes of questions. */
export const INTERRUPTS: RouteDocument = {
  tag: { name: "interrupts", description: "The questions of suspended and waiting runs, for their owners and for approvers." },
  schemas: SCHEMAS,
  routes: [
    {
      method: "get",
      path: "",
      id: "listInterrupts",
      summary: "Your questions, newest first; everybody's for an approver",
      parameters: [
        { in: "query", name: "runId", says: "Only those of this run.", schema: { type: "string", minLength: 1 } },
        { in: "query", name: "threadId", says: "Only those of this thread.", schema: { type: "string", minLength: 1 } },
        statusFilter(INTERRUPT_STATUSES),
        ...PAGE,
      ],
      responses: { 200: jsonResponse("A page of them.", named("InterruptPage")) },
      problems: ["INPUT_INVALID"],
    },
    {
      method: "get",
      path: "/{interruptId}",
      id: "getInterrupt",
      summary: "One question",
      responses: { 200: jsonResponse("The question.", named("Interrupt")) },
      problems: ["INTERRUPT_NOT_FOUND"],
    },
    {
      method: "post",
      path: "/{interruptId}/answer",
      id: "answerInterrupt",
      summary: "Answers a question; the same answer again changes nothing",
      body: { schema: embedded(z.toJSONSchema(answerBody, { io: "input" })) },
      responses: { 200: jsonResponse("The answer counts.", named("InterruptAnswered")) },
      problems: ["INPUT_INVALID", "INTERRUPT_NOT_FOUND", "WORKFLOW_NOT_FOUND", "WORKFLOW_CHANGED", "ALREADY_ANSWERED", "INTERRUPT_CLOSED", "SHUTTING_DOWN"],
    },
  ],
};
