import pino from "pino";
import { expect, test } from "vitest";
import { ERROR_CODES, HoldfastError } from "../core/error.ts";
import { HTTP_STATUS, problemOf } from "./problem.ts";

const silent = pino({ level: "silent" });

test("every error code has a status of the error classes", () => {
  expect(Object.keys(HTTP_STATUS).toSorted()).toEqual(ERROR_CODES.toSorted());
  expect(Object.values(HTTP_STATUS).filter((status) => status < 400 || status > 599)).toEqual([]);
});

test.each(ERROR_CODES.map((code) => new HoldfastError(code, "What happened.")))(
  "$code says when to come back exactly if the same request may succeed",
  (error) => {
    expect(problemOf(error, silent).headers.has("retry-after")).toBe(error.retryable);
  },
);

test("a refusal is told with its code and its message", async () => {
  const response = problemOf(new HoldfastError("THREAD_BUSY", "Run r is active."), silent);
  expect(response.status).toBe(409);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({ error: { code: "THREAD_BUSY", message: "Run r is active." } });
});

test("a fault of the server keeps its code and hides its message", async () => {
  const response = problemOf(new HoldfastError("STORE_SCHEMA_MISMATCH", "The file /srv/x.db has schema 9."), silent);
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain("STORE_SCHEMA_MISMATCH");
  expect(text).not.toContain("/srv/x.db");
});

test("an error of a second copy of the package keeps its code", () => {
  const copy = Object.assign(new Error("There is no run r."), { [Symbol.for("holdfast.error")]: true, code: "RUN_NOT_FOUND", retryable: false });
  expect(problemOf(copy, silent).status).toBe(404);
});
