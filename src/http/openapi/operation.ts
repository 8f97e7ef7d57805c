import { TEXT, type JsonSchema } from "../../core/json-schema.ts";
import type { ParameterDescription, ResponseDescription, RouteDescription } from "../../core/route-description.ts";
import { problemResponse, problemsOf } from "./problems.ts";

/** What OpenAPI calls an operation. */
export function operationOf(route: RouteDescription, tag: string): JsonSchema {
  const parameters = [...pathParameters(route), ...(route.parameters ?? []).filter((parameter) => parameter.in !== "path").map(parameterOf)];
  return {
    operationId: route.id,
    tags: [tag],
    summary: route.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: route.body.isOptional !== true, content: { "application/json": { schema: route.body.schema } } } }),
    responses: responsesOf(route),
    ...(route.isPublic === true && { security: [] }),
  };
}

/** Every parameter of the path is one of the operation, also one that the route says nothing of. */
function pathParameters(route: RouteDescription): readonly JsonSchema[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    const said = route.parameters?.find((parameter) => parameter.in === "path" && parameter.name === name);
    return said === undefined ? { in: "path", name, required: true, schema: TEXT } : { ...parameterOf(said), required: true };
  });
}

function parameterOf({ name, says, schema = TEXT, isRequired, ...at }: ParameterDescription): JsonSchema {
  return { in: at.in, name, description: says, schema, ...(isRequired === true && { required: true }) };
}

/** The answers of the route itself, with the problems that may stand beside them under the same status. */
function responsesOf(route: RouteDescription): JsonSchema {
  const responses: Record<string, JsonSchema> = { default: responseOf(problemResponse("Any other problem.")) };
  for (const [status, response] of Object.entries(route.responses)) responses[status] = responseOf(response);
  for (const [status, codes] of problemsOf(route)) {
    responses[status] = responseOf(beside(route.responses[status], problemResponse(`${codes.join(", ")}.`)));
  }
  return responses;
}

function beside(own: ResponseDescription | undefined, problem: ResponseDescription): ResponseDescription {
  if (own === undefined) return problem;
  return { ...own, says: `${own.says} As a problem: ${problem.says}`, content: { ...own.content, ...problem.content } };
}

function responseOf({ says, content = {}, headers = {} }: ResponseDescription): JsonSchema {
  return {
    description: says,
    ...(Object.keys(content).length > 0 && { content: mapped(content, (schema) => ({ schema })) }),
    ...(Object.keys(headers).length > 0 && { headers: mapped(headers, (description) => ({ description, schema: TEXT })) }),
  };
}

function mapped<Value>(record: Readonly<Record<string, Value>>, change: (value: Value) => JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
