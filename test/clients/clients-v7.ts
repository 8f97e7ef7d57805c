import { WorkflowChatTransport } from "@ai-sdk/workflow/client";
import {
  AbstractChat,
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  type ChatTransport,
  type UIMessage,
} from "ai";
import { clientOf, type ChatClientOptions, type ClientKind } from "./chat-client.ts";
import { PlainChatState } from "./plain-chat-state.ts";

const COMPLETE = { approvals: lastAssistantMessageIsCompleteWithApprovalResponses, outcomes: lastAssistantMessageIsCompleteWithToolCalls };

class Chat extends AbstractChat<UIMessage> {
  constructor({ chatId, messages = [], sendsWhenComplete }: ChatClientOptions, transport: ChatTransport<UIMessage>) {
    const sendAutomaticallyWhen = sendsWhenComplete && COMPLETE[sendsWhenComplete];
    super({ id: chatId, transport, state: new PlainChatState(messages as UIMessage[]), sendAutomaticallyWhen });
  }
}

export const defaultV7: ClientKind = {
  name: "DefaultChatTransport of ai 7",
  version: 7,
  reconnects: false,
  open: (options) => clientOf(new Chat(options, new DefaultChatTransport({ api: `${options.baseUrl}/api/chat`, fetch: options.fetch }))),
};

export const workflowV7: ClientKind = {
  name: "WorkflowChatTransport of @ai-sdk/workflow",
  version: 7,
  reconnects: true,
  open: (options) => clientOf(new Chat(options, workflowTransport(options))),
};

function workflowTransport({ baseUrl, fetch, isUnnamed, maxConsecutiveErrors, initialStartIndex }: ChatClientOptions): ChatTransport<UIMessage> {
  const transport: unknown = new WorkflowChatTransport({
    api: `${baseUrl}/api/chat`,
    fetch,
    maxConsecutiveErrors,
    initialStartIndex,
    ...(isUnnamed !== true && {
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body, api }) => ({ api, body: { ...body, id, messages, trigger, messageId } }),
    }),
  });
  // Its types are those of the release of `ai` that it pins.
  return transport as ChatTransport<UIMessage>;
}
