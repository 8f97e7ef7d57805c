import { arrayOf, named, objectOf } from "../../core/json-schema.ts";
import { jsonResponse, type RouteDocument } from "../../core/route-description.ts";
import { USAGE_GROUPS } from "../../core/usage-report.ts";
import { USAGE_SCHEMAS } from "./usage-schemas.ts";

/** The report over several runs. */
export const USAGE: RouteDocument = {
  tag: { name: "usage", description: "What your runs used." },
  schemas: USAGE_SCHEMAS,
  routes: [
    {
      method: "get",
      path: "",
      id: "reportUsage",
      summary: "Sums over your runs that ended in a period",
      parameters: [
        { in: "query", name: "from", says: "From this time on: ISO 8601 with a time zone, a date, or milliseconds since the Unix epoch." },
        { in: "query", name: "to", says: "Before this time, in the same forms." },
        { in: "query", name: "groupBy", says: "What is summed up.", schema: { type: "string", enum: [...USAGE_GROUPS], default: "resource" } },
      ],
      responses: { 200: jsonResponse("A row for each group.", objectOf({ rows: arrayOf(named("UsageRow")) })) },
      problems: ["INPUT_INVALID"],
    },
  ],
};
