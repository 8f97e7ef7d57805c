import { chat, chatBody } from "../client/chat.ts";
import { textArrivals } from "../client/frames.ts";
import type { ServerProcess, Subject } from "../client/server-process.ts";
import { inTurn, withServers } from "../client/turns.ts";
import type { Script } from "../model/script.ts";
import type { Figure, Scenario, ScenarioOptions, ScenarioResult, Target } from "../report/result.ts";
import { median } from "../report/statistics.ts";
import { PLAIN_AGENT, REMEMBERING_AGENT } from "../servers/names.ts";

const SUBJECTS: readonly Subject[] = ["holdfast", "chat-stream", "durable-agent"];
const AGENTS = [PLAIN_AGENT, REMEMBERING_AGENT] as const;
const SCRIPT: Script = { deltas: 5, perSecond: 0, text: "words" };
const ROUNDS = { warmUps: 20, measured: 150 };
/** How much later than the peer the first chunk may come, in milliseconds. */
const ALLOWANCE_MS = 3;

/** How long a reader waits for the first word when the model answers at once. */
export const firstChunk: Scenario = { name: "first-chunk", title: "First chunk: from the POST to the first text", run };

type Waits = Readonly<Record<(typeof AGENTS)[number], number>>;

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const rounds = await withServers(SUBJECTS, options, (servers) => inTurn(servers, ROUNDS, measure));
  const of = (subject: Subject, agent: keyof Waits): number[] => (rounds.get(subject) ?? []).map((waits) => waits[agent]);
  return {
    figures: AGENTS.flatMap((agent) =>
      SUBJECTS.map((subject): Figure => ({ subject, measure: `first text, ${agent} agent`, unit: "ms", values: of(subject, agent) })),
    ),
    targets: AGENTS.map((agent): Target => ({
      claim: `median first text, ${agent} agent: ms after handleChatStream`,
      actual: median(of("holdfast", agent)) - median(of("chat-stream", agent)),
      limit: ALLOWANCE_MS,
      direction: "at most",
    })),
    notes: ["Every request opens a thread of its own."],
  };
}

async function measure(server: ServerProcess): Promise<Waits> {
  return { [PLAIN_AGENT]: await wait(server, PLAIN_AGENT), [REMEMBERING_AGENT]: await wait(server, REMEMBERING_AGENT) };
}

async function wait(server: ServerProcess, agent: string): Promise<number> {
  const reading = await chat(server.url, chatBody(SCRIPT, agent));
  const first = textArrivals(reading)[0];
  if (first === undefined) throw new Error(`The ${agent} agent said nothing.`);
  return (first.atMicros - reading.sentAtMicros) / 1000;
}
