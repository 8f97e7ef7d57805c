import { RUN_STATUSES, type Run, type RunStatus } from "../core/run.ts";
import { isoTime } from "../http/iso-time.ts";
import { runJson } from "../http/run-json.ts";
import { EXIT_FAILED, EXIT_MISUSED, refuse, textFlag, type Arguments, type Command, type Env } from "./command.ts";
import { failure, success, type Result } from "./result.ts";
import { openExistingStore } from "./store-reader.ts";

const DEFAULT_LIMIT = "50";

const USAGE = `Usage: holdfast runs [flags]

Lists the runs of a store, newest first.

  --store <store>     sqlite:<path>; HOLDFAST_STORE, else sqlite:.holdfast/holdfast.db
  --status <status>   only these: ${RUN_STATUSES.join(", ")}; may be given more than once
  --limit <n>         at most this many (${DEFAULT_LIMIT})
  --json              one JSON object per line
`;

/** `holdfast runs` */
export const runs: Command = {
  usage: USAGE,
  flags: { store: { type: "string" }, status: { type: "string", multiple: true }, limit: { type: "string" }, json: { type: "boolean" } },
  async run(given, env) {
    const query = runQuery(given);
    if (!query.ok) return refuse(query.message, EXIT_MISUSED);
    return listRuns(given, env, query.value);
  },
};

interface Query {
  readonly statuses: readonly RunStatus[];
  readonly limit: number;
}

function runQuery(given: Arguments): Result<Query> {
  if (given.positionals.length > 0) return failure(`holdfast runs takes no "${given.positionals[0]}"; see holdfast runs --help.`);
  const wanted = [given.flags["status"] ?? []].flat().flatMap((value) => String(value).split(","));
  const statuses = RUN_STATUSES.filter((status) => wanted.includes(status));
  const unknown = wanted.find((status) => !statuses.includes(status as RunStatus));
  if (unknown !== undefined) return failure(`There is no status "${unknown}"; use ${RUN_STATUSES.join(", ")}.`);
  const limit = textFlag(given, "limit") ?? DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,5}$/.test(limit)) return failure(`The limit "${limit}" is not a positive number.`);
  return success({ statuses, limit: Number(limit) });
}

async function listRuns(given: Arguments, env: Env, { statuses, limit }: Query): Promise<number> {
  const opened = await openExistingStore(given, env);
  if (!opened.ok) return refuse(opened.message, EXIT_FAILED);
  const store = opened.value;
  try {
    const page = await store.listRuns({ limit, ...(statuses.length > 0 && { statuses }) });
    process.stdout.write(given.flags["json"] === true ? jsonLines(page.runs) : runTable(page.runs));
    return 0;
  } finally {
    await store.close();
  }
}

function jsonLines(listed: readonly Run[]): string {
  return listed
    .map((run) => {
      const { interrupts: _, ...shown } = runJson(run, []);
      return `${JSON.stringify({ ...shown, resourceId: run.resourceId })}\n`;
    })
    .join("");
}

/** Runs as a table, one a line. */
export function runTable(listed: readonly Run[]): string {
  const rows = [["RUN", "STATUS", "ATTEMPT", "AGENT", "THREAD", "CREATED", "ENDED"], ...listed.map(rowOf)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function rowOf(run: Run): string[] {
  return [run.id, run.status, String(run.attempt), run.agentId, run.threadId, isoTime(run.createdAt), run.endedAt === undefined ? "" : isoTime(run.endedAt)];
}
