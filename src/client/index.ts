export { resilientFetch, type ResilientFetchOptions, type Retry } from "./resilient-fetch.ts";
export { resumableFetch, type ResumableFetchOptions } from "./resumable-fetch.ts";
export type { CancelUrl } from "./run-cancel.ts";
