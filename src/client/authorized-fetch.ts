import { isReplayable } from "./request.ts";

/** A user's token, or what gives the one of the moment; none where it is empty. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

/**
 * A fetch that says who asks, anew with each request. One that is refused with 401 is sent once more where there is another token by then: the
 * first may have expired on its way.
 */
export function authorizedFetch(fetch: typeof globalThis.fetch, source: TokenSource): typeof globalThis.fetch {
  const tokenNow = async (): Promise<string | undefined> => (typeof source === "function" ? source() : source);
  return async (input, init) => {
    const token = await tokenNow();
    const answer = await fetch(input instanceof Request ? input.clone() : input, withToken(input, init, token));
    if (answer.status !== 401 || !isReplayable(input, init)) return answer;
    // Where there is none to be had, the refusal is what the caller has to hear of.
    const other = await tokenNow().catch(() => token);
    if (other === token) return answer;
    // An answer that nobody reads would hold its connection.
    await answer.body?.cancel().catch(() => undefined);
    return fetch(input, withToken(input, init, other));
  };
}

function withToken(input: RequestInfo | URL, init: RequestInit | undefined, token: string | undefined): RequestInit | undefined {
  if (!token) return init;
  // Headers of an init replace those of a Request.
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("Authorization", `Bearer ${token}`);
  return { ...init, headers };
}
