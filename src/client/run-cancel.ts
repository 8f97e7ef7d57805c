/** Finds the URL whose POST cancels a run; `undefined`: the run cannot be canceled. */
export type CancelUrl = (runId: string, requestUrl: string) => string | undefined;

/** Where Holdfast mounts the wires that name their runs; its own API is beside them. What follows two slashes is a host. */
const MOUNTED = /^(|.*?[^/])\/(?:ag-ui|copilotkit|io-bridge|api\/chat)(?:\/|$)/;

/** These describe the body that began the run, and where its reader stood. */
const NOT_FOR_CANCEL = ["accept", "content-length", "content-type", "idempotency-key", "last-event-id"];

/** `/v1/runs/{runId}/cancel` beside the prefix that the run was asked for under, at any mount. */
export function cancelUrlBeside(runId: string, requestUrl: string): string | undefined {
  const [path = ""] = requestUrl.split(/[?#]/, 1);
  const base = MOUNTED.exec(path)?.[1];
  return base === undefined ? undefined : `${base}/v1/runs/${encodeURIComponent(runId)}/cancel`;
}

/** The request that cancels, with the credentials of the one that began the run. It may outlive its page. */
export function cancelInit(headers: Headers, init: RequestInit | undefined): RequestInit {
  const kept = new Headers(headers);
  for (const name of NOT_FOR_CANCEL) kept.delete(name);
  return {
    method: "POST",
    headers: kept,
    keepalive: true,
    ...(init?.credentials && { credentials: init.credentials }),
    ...(init?.mode && { mode: init.mode }),
  };
}
