import { createRequire } from "node:module";
import type { CedarStorage } from "../../../src/client/cedar.ts";

const require = createRequire(import.meta.url);

/** A message in the chat, as the store keeps it. */
export interface ShownMessage {
  readonly role: string;
  readonly type: string;
  readonly content?: string;
  readonly [field: string]: unknown;
}

/** What the tests use of the store. */
export interface CedarStore {
  readonly messages: readonly ShownMessage[];
  readonly isProcessing: boolean;
  readonly mainThreadId: string;
  getCedarState(key: string): unknown;
  setCedarState(key: string, value: unknown): void;
  registerState(state: object): void;
  setProviderConfig(config: object): void;
  initializeChat(of: object): Promise<void>;
  switchThread(threadId: string): void;
  setChatInputContent(content: object): void;
  stringifyEditor(): string;
  sendMessage(message: object): Promise<void>;
  callLLM(request: object): Promise<{ readonly content: string; readonly object?: unknown }>;
  streamLLM(request: object, handler: (event: { readonly type: string }) => void): { abort(): void; readonly completion: Promise<void> };
  executeStateSetter(call: object): void;
}

/** A page with Cedar's own provider component on it, in jsdom. */
export interface CedarPage {
  readonly store: { getState(): CedarStore };
  /** The text of the answers, a message each. */
  readonly texts: readonly string[];
  /** Types text into the editor and sends it. */
  ask(text: string, options?: { readonly isStream?: boolean; readonly fields?: object }): Promise<void>;
  type(text: string): void;
  close(): void;
}

export interface PageOptions {
  readonly baseURL: string;
  readonly threadId?: string;
  readonly userId?: string;
  readonly apiKey?: string;
  readonly storage?: CedarStorage;
}

/** The window has to be there before Cedar is loaded. One for the process: Cedar and React keep what they found. */
const GLOBALS = ["window", "document", "localStorage", "HTMLElement", "Node", "MutationObserver", "getComputedStyle", "Element", "File", "DOMParser"] as const;

function openWindow(): void {
  if ("document" in globalThis) return;
  const { JSDOM } = require("jsdom") as { readonly JSDOM: new (html: string, options: object) => { readonly window: typeof globalThis } };
  const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://page.test/", pretendToBeVisual: true });
  for (const name of GLOBALS) {
    Object.defineProperty(globalThis, name, { value: name === "window" ? window : (window as unknown as Record<string, unknown>)[name], configurable: true, writable: true });
  }
  Object.assign(globalThis, {
    requestAnimationFrame: window.requestAnimationFrame.bind(window),
    cancelAnimationFrame: window.cancelAnimationFrame.bind(window),
    IS_REACT_ACT_ENVIRONMENT: true,
  });
}

/** Opens a page as a browser would: with a store of its own, that nothing has happened in. */
export async function openPage({ baseURL, threadId, userId = "ann", apiKey, storage }: PageOptions): Promise<CedarPage> {
  openWindow();
  for (const path of Object.keys(require.cache)) if (path.includes("/cedar-os/")) delete require.cache[path];
  const cedar = require("cedar-os") as { readonly useCedarStore: { getState(): CedarStore }; readonly CedarCopilot: never };
  const react = require("react") as { createElement(...of: unknown[]): unknown; act(work: () => void | Promise<void>): Promise<void> };
  const { createRoot } = require("react-dom/client") as { createRoot(element: unknown): { render(node: unknown): void; unmount(): void } };
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  const llmProvider = { provider: "mastra", baseURL, ...(apiKey !== undefined && { apiKey }) };
  const messageStorage = storage === undefined ? { type: "none" } : { type: "custom", adapter: storage };
  const props = { llmProvider, userId, messageStorage, ...(threadId !== undefined && { threadId }) };
  await react.act(async () => root.render(react.createElement(cedar.CedarCopilot, props, "page")));
  const store = cedar.useCedarStore;
  const type = (text: string): void =>
    store.getState().setChatInputContent({ type: "doc", content: [{ type: "paragraph", content: text === "" ? [] : [{ type: "text", text }] }] });
  return {
    store,
    get texts() {
      return store
        .getState()
        .messages.filter((message) => message.type === "text" && message.role !== "user")
        .map(({ content = "" }) => content);
    },
    type,
    ask: async (text, { isStream = true, fields = {} } = {}) => {
      type(text);
      await store.getState().sendMessage({ stream: isStream, ...fields });
    },
    close: () => root.unmount(),
  };
}
