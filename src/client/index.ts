export { resilientFetch, type ResilientFetchOptions, type Retry } from "./resilient-fetch.ts";
