export { restoreAnswer, type RestoreAnswerOptions } from "./cedar-answer.ts";
export { cedarFetch, type CedarFetchOptions } from "./cedar-fetch.ts";
export { registerHumanInTheLoop, type HumanInTheLoopOptions } from "./cedar-human-in-the-loop.ts";
export type { CedarAnswer } from "./cedar-open.ts";
export { restoreQuestions, type RestoreOptions } from "./cedar-questions.ts";
export type { CedarMessage } from "./cedar-messages.ts";
export { cedarStorage, type CedarStorage, type CedarStorageOptions, type CedarThread } from "./cedar-storage.ts";
export { providerToken, type CedarStoreHook } from "./cedar-store.ts";
export type { TokenSource } from "./authorized-fetch.ts";
