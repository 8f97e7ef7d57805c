export { restoreAnswer, type RestoreAnswerOptions } from "./cedar-answer.ts";
export { cedarFetch, type CedarFetchOptions } from "./cedar-fetch.ts";
export { registerHumanInTheLoop, type HumanInTheLoopOptions } from "./cedar-human-in-the-loop.ts";
export { restoreQuestions, type RestoreOptions } from "./cedar-questions.ts";
export { cedarStorage, type CedarMessage, type CedarStorage, type CedarStorageOptions, type CedarThread } from "./cedar-storage.ts";
export type { CedarStoreHook } from "./cedar-store.ts";
