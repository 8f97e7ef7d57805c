import { randomUUID } from "node:crypto";
import type { Script } from "../model/script.ts";
import { PLAIN_AGENT } from "../servers/names.ts";
import type { ChatBody } from "../servers/launcher.ts";
import { read, type Reading, type ReadOptions } from "./reader.ts";

/** A chat request that no server has seen: a thread and a message of its own. */
export function chatBody(script: Script, agentId: string = PLAIN_AGENT): ChatBody & { readonly trigger: "submit-message" } {
  const message = { id: randomUUID(), role: "user" as const, parts: [{ type: "text" as const, text: JSON.stringify(script) }] };
  return { id: randomUUID(), agentId, messages: [message], trigger: "submit-message" };
}

/** Posts a chat request and reads its stream. Throws when the server refuses it. */
export async function chat(url: string, body: object, options: ReadOptions = {}): Promise<Reading> {
  return accepted(await read(`${url}/api/chat`, { ...options, body }));
}

/** The reading, if the server answered with 200. */
export function accepted(reading: Reading): Reading {
  if (reading.status === 200) return reading;
  throw new Error(`The server answered ${String(reading.status)}: ${Buffer.concat(reading.arrivals.map((arrival) => arrival.bytes)).toString("utf8")}`);
}
