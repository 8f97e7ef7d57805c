import { DELIVERY_STATES, type Delivery, type DeliveryQuery } from "../core/outbox.ts";
import type { RunStore } from "../core/store.ts";
import { isoTime } from "../http/iso-time.ts";
import { billJson } from "../http/usage-json.ts";
import { EXIT_FAILED, EXIT_MISUSED, refuse, textFlag, type Arguments, type Command } from "./command.ts";
import { failure, success, type Result } from "./result.ts";
import { openExistingStore } from "./store-reader.ts";
import { table } from "./table.ts";

const DEFAULT_LIMIT = "50";

const USAGE = `Usage: holdfast deliveries [flags]

Lists the bills on their way to outside systems, newest first; or sends a dead or held one again.

  --store <store>     sqlite:<path>; HOLDFAST_STORE, else sqlite:.holdfast/holdfast.db
  --state <state>     only these: ${DELIVERY_STATES.join(", ")}; may be given more than once
  --sink <name>       only those to this sink
  --limit <n>         at most this many (${DEFAULT_LIMIT})
  --replay <runId>    put the delivery of this run to --sink back, to be tried at once; look first whether a held one was counted already
  --json              one JSON object per line, with the bill
`;

/** `holdfast deliveries` */
export const deliveries: Command = {
  usage: USAGE,
  flags: {
    store: { type: "string" },
    state: { type: "string", multiple: true },
    sink: { type: "string" },
    limit: { type: "string" },
    replay: { type: "string" },
    json: { type: "boolean" },
  },
  async run(given, env) {
    const asked = request(given);
    if (!asked.ok) return refuse(asked.message, EXIT_MISUSED);
    const opened = await openExistingStore(given, env);
    if (!opened.ok) return refuse(opened.message, EXIT_FAILED);
    const store = opened.value;
    try {
      return await ("runId" in asked.value ? replay(store, asked.value) : list(store, asked.value, given.flags["json"] === true));
    } finally {
      await store.close();
    }
  },
};

interface Replay {
  readonly runId: string;
  readonly sink: string;
}

function request(given: Arguments): Result<DeliveryQuery | Replay> {
  if (given.positionals.length > 0) return failure(`holdfast deliveries takes no "${given.positionals[0]}"; see holdfast deliveries --help.`);
  const sink = textFlag(given, "sink");
  const runId = textFlag(given, "replay");
  if (runId !== undefined) return sink === undefined ? failure("--replay needs the --sink that the bill goes to.") : success({ runId, sink });
  const wanted = [given.flags["state"] ?? []].flat().flatMap((value) => String(value).split(","));
  const states = DELIVERY_STATES.filter((state) => wanted.includes(state));
  const unknown = wanted.find((state) => !DELIVERY_STATES.some((known) => known === state));
  if (unknown !== undefined) return failure(`There is no state "${unknown}"; use ${DELIVERY_STATES.join(", ")}.`);
  const limit = textFlag(given, "limit") ?? DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,5}$/.test(limit)) return failure(`The limit "${limit}" is not a positive number.`);
  return success({ limit: Number(limit), ...(states.length > 0 && { states }), ...(sink !== undefined && { sink }) });
}

async function replay(store: RunStore, { runId, sink }: Replay): Promise<number> {
  if (!(await store.replayDelivery({ runId, sink }))) {
    return refuse(`The bill of ${runId} has no dead or held delivery to ${sink}; holdfast deliveries --state dead,held lists them.`, EXIT_FAILED);
  }
  process.stdout.write(`The bill of ${runId} will be sent to ${sink} again.\n`);
  return 0;
}

async function list(store: RunStore, query: DeliveryQuery, isJson: boolean): Promise<number> {
  const { deliveries: listed } = await store.listDeliveries(query);
  process.stdout.write(isJson ? listed.map((delivery) => `${JSON.stringify(deliveryJson(delivery))}\n`).join("") : deliveryTable(listed));
  return 0;
}

function deliveryJson({ bill, createdAt, nextAt, unknownSince, sentAt, ...fields }: Delivery): object {
  return {
    ...fields,
    createdAt: isoTime(createdAt),
    nextAt: isoTime(nextAt),
    unknownSince: unknownSince === undefined ? undefined : isoTime(unknownSince),
    sentAt: sentAt === undefined ? undefined : isoTime(sentAt),
    bill: billJson(bill),
  };
}

/** Deliveries as a table, one a line. */
function deliveryTable(listed: readonly Delivery[]): string {
  const header = ["RUN", "SINK", "STATE", "TRIES", "CREATED", "SENT OR NEXT", "REASON"];
  return table([header, ...listed.map(deliveryRow)]);
}

function deliveryRow({ runId, sink, state, attempts, createdAt, nextAt, sentAt, lastError }: Delivery): string[] {
  const time = state === "pending" ? nextAt : sentAt;
  return [runId, sink, state, String(attempts), isoTime(createdAt), time === undefined ? "" : isoTime(time), oneLine(lastError ?? "")];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
