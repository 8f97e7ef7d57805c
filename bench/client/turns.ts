import { ServerProcess, type ServerOptions, type Subject } from "./server-process.ts";

/** A server of every subject, all running at once so that rounds can alternate between them. */
export async function withServers<Result>(
  subjects: readonly Subject[],
  options: ServerOptions,
  work: (servers: ReadonlyMap<Subject, ServerProcess>) => Promise<Result>,
): Promise<Result> {
  const servers = new Map<Subject, ServerProcess>();
  try {
    for (const subject of subjects) servers.set(subject, await ServerProcess.start(subject, subject === "holdfast" ? options : {}));
    return await work(servers);
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
}

/**
 * Measures A, B, C, then B, C, A, and so on: what slows the machine for a while slows every subject alike, and none is always
 * first. The first `warmUps` rounds are thrown away.
 */
export async function inTurn<Measurement>(
  servers: ReadonlyMap<Subject, ServerProcess>,
  rounds: { readonly warmUps: number; readonly measured: number },
  measure: (server: ServerProcess, subject: Subject) => Promise<Measurement>,
): Promise<ReadonlyMap<Subject, readonly Measurement[]>> {
  const measurements = new Map<Subject, Measurement[]>([...servers.keys()].map((subject) => [subject, []]));
  for (let round = 0; round < rounds.warmUps + rounds.measured; round += 1) {
    for (const [subject, server] of rotated([...servers], round)) {
      const measurement = await measure(server, subject);
      if (round >= rounds.warmUps) measurements.get(subject)?.push(measurement);
    }
  }
  return measurements;
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const first = by % Math.max(1, items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}
