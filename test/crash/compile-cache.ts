import { join } from "node:path";

/** The environment of processes that are started by the hundred: most of what each does is to compile the same modules. */
export const CHILD_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_COMPILE_CACHE: join(import.meta.dirname, "../../node_modules/.cache/crash-children"),
};
