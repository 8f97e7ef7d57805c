import { accepted } from "./chat.ts";
import { durationMs, read } from "./reader.ts";

/** What a catch-up over the pages of a run's events gave. */
export interface EventsReplay {
  readonly text: string;
  readonly events: number;
  readonly pages: number;
  /** The requests one after another, without the time to parse them. */
  readonly ms: number;
}

/** Reads the events of a run after an offset, page by page, until the server says that nothing is left. */
export async function replayEvents(url: string, runId: string, offset: string): Promise<EventsReplay> {
  const texts: string[] = [];
  let [events, pages, ms] = [0, 0, 0];
  for (let next: string | undefined = offset; next !== undefined;) {
    const reading = accepted(await read(`${url}/v1/runs/${runId}/events?offset=${next}`));
    const page = JSON.parse(Buffer.concat(reading.arrivals.map((arrival) => arrival.bytes)).toString("utf8")) as { event: { type: string; text?: string } }[];
    texts.push(...page.map(({ event }) => (event.type === "text-delta" ? (event.text ?? "") : "")));
    events += page.length;
    pages += 1;
    ms += durationMs(reading);
    const following = reading.headers["stream-next-offset"];
    next = reading.headers["stream-up-to-date"] === undefined && typeof following === "string" ? following : undefined;
  }
  return { text: texts.join(""), events, pages, ms };
}
