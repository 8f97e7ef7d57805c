import { Webhook } from "standardwebhooks";
import { HoldfastError } from "../../core/error.ts";
import type { Bill } from "../../core/bill.ts";
import { checkedUrl, post } from "../http-request.ts";
import type { Sink } from "../sink.ts";

export interface WebhookSinkOptions {
  readonly url: string;
  /** `whsec_` and a key in base64. With several, each message carries one signature for each, so that a receiver can change its own. */
  readonly secret: string | readonly string[];
  /** Default `webhook`. */
  readonly name?: string;
  /** How long the receiver remembers the ids that it has seen, in milliseconds. Default: for ever. */
  readonly dedupWindowMs?: number;
}

/** The body of a message; its `webhook-id` is the id of the run. */
export interface BilledMessage {
  readonly type: "run.billed";
  /** When the run ended, ISO 8601. */
  readonly timestamp: string;
  readonly data: Bill;
}

/**
 * Posts each bill as a signed webhook, see https://www.standardwebhooks.com. The receiver verifies with a library of Standard Webhooks, and
 * drops a `webhook-id` that it has seen.
 * @throws {HoldfastError} CONFIG_INVALID
 *
 * @example
 * webhookSink({ url: "https://billing.example.com/runs", secret: process.env.WEBHOOK_SECRET ?? "" });
 */
export function webhookSink(options: WebhookSinkOptions): Sink {
  const { name = "webhook", secret, dedupWindowMs } = options;
  const url = checkedUrl(name, options.url);
  const signers = [secret].flat().map((text) => signerOf(name, text));
  if (signers.length === 0) throw new HoldfastError("CONFIG_INVALID", `The sink ${name} has no secret.`);
  return {
    name,
    ...(dedupWindowMs !== undefined && { dedupWindowMs }),
    send: ({ runId, bill }, signal) => {
      const message: BilledMessage = { type: "run.billed", timestamp: new Date(bill.at).toISOString(), data: bill };
      const body = JSON.stringify(message);
      // Of the sending, not of the run: receivers refuse what was signed more than a few minutes ago.
      const signedAt = new Date();
      const headers = {
        "content-type": "application/json",
        "webhook-id": runId,
        "webhook-timestamp": String(Math.floor(signedAt.getTime() / 1_000)),
        "webhook-signature": signers.map((signer) => signer.sign(runId, signedAt, body)).join(" "),
      };
      return post({ url, headers, body }, signal);
    },
  };
}

function signerOf(name: string, secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `A secret of the sink ${name} is not "whsec_" and a key in base64.`, { cause });
  }
}
