/** The agent that answers without memory. */
export const PLAIN_AGENT = "plain";

/** The agent that keeps its threads in LibSQL. */
export const REMEMBERING_AGENT = "remembering";

/** The product's database in the directory of its server. */
export const LOG_FILE = "holdfast.db";
