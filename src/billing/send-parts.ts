import type { SendResult } from "./sink.ts";

/**
 * Sends the parts of one delivery in order, until one is not accepted. From the first accepted part on the whole is no longer untaken:
 * a later part that is refused leaves it unknown, so that the window of the sink counts from there. Refused for good stays that.
 */
export async function sendParts(parts: readonly (() => Promise<SendResult>)[]): Promise<SendResult> {
  for (const [accepted, part] of parts.entries()) {
    const result = await part();
    if (result.outcome === "accepted") continue;
    if (accepted === 0) return result;
    const reason = `${accepted} of ${parts.length} parts were accepted. ${result.reason}`;
    return result.outcome === "refused" && result.isFinal ? { ...result, reason } : { outcome: "unknown", reason };
  }
  return { outcome: "accepted" };
}
