import { HoldfastError } from "../core/error.ts";
import type { SendResult } from "./sink.ts";

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a system answered; of a long text its beginning. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** As much of an answer as is of use in a reason. */
const MAX_TEXT_BYTES = 8_192;

/** Posts a request and says what came of it; `read` judges the answer where its status does not say all. */
export async function post({ url, headers, body }: HttpRequest, signal: AbortSignal, read: (answer: HttpAnswer) => SendResult = resultOf): Promise<SendResult> {
  let status: number | undefined;
  try {
    // A redirect is not followed: it would carry the bill and the credentials to an address that nobody configured.
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    status = response.status;
    return read({ status, text: await beginningOf(response) });
  } catch (error) {
    // An answer that breaks off behind its status was a yes all the same; of a no, the reason is lost that might have made it one.
    return status !== undefined && status < 300 ? resultOf({ status }) : faultResult(error, signal);
  }
}

/** 4xx whose cause is not the bill: a wrong key or address, which the operator sets right, or the moment. */
const WORTH_A_RETRY: ReadonlySet<number> = new Set([401, 402, 403, 404, 407, 408, 409, 421, 423, 425, 429]);

/** What a status says of a delivery. A server that failed may have done so after it took the bill. */
export function resultOf({ status }: Pick<HttpAnswer, "status">, detail: string = ""): SendResult {
  const reason = `It answered ${status}${detail === "" ? "." : `: ${detail}`}`;
  if (status >= 200 && status < 300) return { outcome: "accepted" };
  if (status >= 500) return { outcome: "unknown", reason };
  return { outcome: "refused", reason, isFinal: status >= 400 && !WORTH_A_RETRY.has(status) };
}

/** Faults from before there was a connection: nothing was sent. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What `fetch` says in words alone may hold the address or a header, so the words go nowhere. */
const NO_CODE = "no code";

function faultResult(error: unknown, signal: AbortSignal): SendResult {
  if (signal.aborted) return { outcome: "unknown", reason: "It did not answer in time." };
  const code = faultCode(error);
  if (NEVER_CONNECTED.has(code)) return { outcome: "refused", reason: `It could not be reached: ${code}.`, isFinal: false };
  return { outcome: "unknown", reason: `The connection broke off: ${code}.` };
}

/** `fetch` throws a TypeError whose cause is the fault of the socket. */
function faultCode(error: unknown): string {
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    if ("code" in fault && typeof fault.code === "string") return fault.code;
  }
  return NO_CODE;
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // A loop that ends early cancels the rest.
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    bytes += piece.length;
    if (bytes >= MAX_TEXT_BYTES) break;
  }
  return text;
}

/**
 * The address of a sink, checked when it is configured.
 * @throws {HoldfastError} CONFIG_INVALID
 */
export function checkedUrl(sink: string, url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new HoldfastError("CONFIG_INVALID", `The url of the sink ${sink} is not an http or https address.`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new HoldfastError("CONFIG_INVALID", `The url of the sink ${sink} holds a user or a password, which no request may have in its address.`);
  }
  return url;
}

/**
 * The headers of a sink, checked when it is configured: a key from a file may end in a line break.
 * @throws {HoldfastError} CONFIG_INVALID, without the value
 */
export function checkedHeaders(sink: string, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    // A line break at the end would be cut off without a word, and hide that the key was read in a wrong way.
    if (value === value.trim() && isHeader(name, value)) continue;
    throw new HoldfastError(
      "CONFIG_INVALID",
      `The sink ${sink} cannot send its header ${name}: its key is empty or holds what a header may not, such as a line break.`,
    );
  }
  return headers;
}

function isHeader(name: string, value: string): boolean {
  try {
    return new Headers({ [name]: value }).has(name);
  } catch {
    return false;
  }
}
