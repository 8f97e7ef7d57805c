/** Beside its package, so that it is this generation's. */
export { HttpAgent } from "@ag-ui/client";
