/** What the helpers use of Cedar's `useCedarStore`, so that nothing of it has to be imported. */
export interface CedarStoreHook {
  // oxlint-disable-next-line typescript/no-explicit-any -- the types of the store are generic over the application's states and messages
  getState(): any;
  /** Calls the listener at each change, until what it gives is called. */
  subscribe?(listener: () => void): () => void;
}

/** The part of the store that the helpers use. */
export interface CedarStoreState {
  readonly providerConfig?: MastraProvider | null;
  readonly mainThreadId?: string;
  readonly messages: readonly unknown[];
  readonly isProcessing?: boolean;
  registerState(state: object): void;
  getCedarState(key: string): unknown;
  setCedarState(key: string, value: unknown): void;
  compileAdditionalContext(): unknown;
  setIsProcessing(isProcessing: boolean): void;
  streamLLM(params: object, handler: (event: CedarStreamEvent) => void): { readonly completion: Promise<unknown> };
  deleteMessage?(id: string): void;
  updateMessage?(id: string, updates: object, threadId?: string): void;
  handleLLMResponse(items: readonly unknown[]): Promise<unknown>;
  persistMessageStorageMessage?(message: unknown): Promise<unknown>;
}

export type CedarStreamEvent =
  | { readonly type: "chunk"; readonly content: string }
  | { readonly type: "object"; readonly object: unknown }
  | { readonly type: "error"; readonly error: unknown }
  | { readonly type: "done" };

/** What a page is configured with, as far as it is understood. */
export interface MastraProvider {
  readonly baseURL?: string;
  readonly chatPath?: string;
  readonly resumePath?: string;
  readonly apiKey?: string;
}

export function stateOf(store: CedarStoreHook): CedarStoreState {
  return store.getState() as CedarStoreState;
}

export function providerOf(store: CedarStoreHook): MastraProvider {
  return stateOf(store).providerConfig ?? {};
}

/**
 * The token of the moment, for the helpers that are made once: the provider's `apiKey`, which a page sets anew when it has another one.
 *
 * @example
 * cedarStorage({ baseURL, token: providerToken(useCedarStore) });
 */
export function providerToken(store: CedarStoreHook): () => string | undefined {
  return () => providerOf(store).apiKey;
}

/** What stands before Holdfast's `/v1`, and the header that says who asks. */
export function holdfastOf(store: CedarStoreHook, holdfastURL: string | undefined): { readonly root: string; readonly headers: Record<string, string> } {
  const { baseURL = "", apiKey } = providerOf(store);
  const root = (holdfastURL ?? baseURL.replace(/\/api\/?$/, "")).replace(/\/+$/, "");
  return { root, headers: apiKey ? { Authorization: `Bearer ${apiKey}` } : {} };
}
