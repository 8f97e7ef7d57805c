/** A message as every version of `ai` keeps it. */
export interface ChatMessage {
  readonly id: string;
  readonly role: "system" | "user" | "assistant";
  readonly metadata?: unknown;
  readonly parts: readonly MessagePart[];
}

export interface MessagePart {
  readonly [field: string]: unknown;
  readonly type: string;
}

export interface SendOptions {
  /** Further fields of the body. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The message that this text replaces; what stands behind it goes. */
  readonly messageId?: string;
}

/** A chat of a page: what the tests need of `AbstractChat`. */
export interface ChatClient {
  readonly status: string;
  readonly error: Error | undefined;
  readonly messages: readonly ChatMessage[];
  /** Resolves when the answer has ended, however it did. */
  send(text: string, options?: SendOptions): Promise<void>;
  /** Sends the messages as they are, with what was decided in them. */
  submit(): Promise<void>;
  /** Resolves when it is decided whether the messages are sent by themselves. */
  decide(approvalId: string, approved: boolean, reason?: string): Promise<void>;
  /** The same, for what a tool of the page gave. */
  give(toolCallId: string, outcome: ToolOutcome): Promise<void>;
  regenerate(options?: { readonly messageId?: string; readonly body?: object }): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** What a tool of the page gave, or why it failed. */
export type ToolOutcome = { readonly output: unknown } | { readonly state: "output-error"; readonly errorText: string };

export interface ChatClientOptions {
  /** Where the server seems to be. */
  readonly baseUrl: string;
  readonly chatId: string;
  readonly messages?: readonly ChatMessage[];
  readonly fetch?: typeof globalThis.fetch;
  /** A WorkflowChatTransport as it is, which does not send the id of its chat. */
  readonly isUnnamed?: boolean;
  /** Where a WorkflowChatTransport begins that resumes; counted from the end when it is negative. */
  readonly initialStartIndex?: number;
  /** How many connection errors in a row a WorkflowChatTransport gives up at. */
  readonly maxConsecutiveErrors?: number;
  /** Whether the chat sends by itself, by the rule of `ai`, when all approvals of a step are decided, or all its calls have outcomes. */
  readonly sendsWhenComplete?: "approvals" | "outcomes";
}

/** One of the clients that people use. */
export interface ClientKind {
  readonly name: string;
  readonly version: 6 | 7;
  /** Whether it comes back by itself when its answer is cut. */
  readonly reconnects: boolean;
  open(options: ChatClientOptions): ChatClient;
}

interface AnyVersionsChat {
  readonly status: string;
  readonly error: Error | undefined;
  readonly messages: unknown;
  sendMessage(message?: { readonly text: string; readonly messageId?: string }, options?: { readonly body?: object }): Promise<void>;
  addToolApprovalResponse(decision: { readonly id: string; readonly approved: boolean; readonly reason?: string }): void | PromiseLike<void>;
  addToolOutput(outcome: { readonly tool: string; readonly toolCallId: string } & ToolOutcome): void | PromiseLike<void>;
  regenerate(options?: { readonly messageId?: string; readonly body?: object }): Promise<void>;
  resumeStream(): Promise<void>;
  stop(): Promise<void>;
}

export function clientOf(chat: AnyVersionsChat): ChatClient {
  return {
    get status() {
      return chat.status;
    },
    get error() {
      return chat.error;
    },
    get messages() {
      return chat.messages as readonly ChatMessage[];
    },
    send: (text, { messageId, ...options } = {}) => chat.sendMessage({ text, messageId }, options),
    submit: () => chat.sendMessage(),
    decide: async (id, approved, reason) => chat.addToolApprovalResponse({ id, approved, reason }),
    // The rest of the call is looked up by its id.
    give: async (toolCallId, outcome) => chat.addToolOutput({ tool: "", toolCallId, ...outcome }),
    regenerate: (options) => chat.regenerate(options),
    resume: () => chat.resumeStream(),
    stop: () => chat.stop(),
  };
}
