import { WorkflowChatTransport } from "@workflow/ai";
import {
  AbstractChat,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  type ChatTransport,
  type UIMessage,
} from "ai";
import { clientOf, type ChatClientOptions, type ClientKind } from "../chat-client.ts";
import { PlainChatState } from "../plain-chat-state.ts";

const COMPLETE = { approvals: lastAssistantMessageIsCompleteWithApprovalResponses, outcomes: lastAssistantMessageIsCompleteWithToolCalls };

class Chat extends AbstractChat<UIMessage> {
  constructor({ chatId, messages = [], sendsWhenComplete }: ChatClientOptions, transport: ChatTransport<UIMessage>) {
    const sendAutomaticallyWhen = sendsWhenComplete && COMPLETE[sendsWhenComplete];
    super({ id: chatId, transport, state: new PlainChatState(messages as UIMessage[]), sendAutomaticallyWhen });
  }
}

export const workflowV6: ClientKind = {
  name: "WorkflowChatTransport of @workflow/ai",
  version: 6,
  reconnects: true,
  open: (options) => clientOf(new Chat(options, workflowTransport(options))),
};

function workflowTransport({ baseUrl, fetch, isUnnamed, maxConsecutiveErrors, initialStartIndex }: ChatClientOptions): ChatTransport<UIMessage> {
  return new WorkflowChatTransport({
    api: `${baseUrl}/api/chat`,
    fetch,
    maxConsecutiveErrors,
    initialStartIndex,
    ...(isUnnamed !== true && {
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body, api }) => ({ api, body: { ...body, id, messages, trigger, messageId } }),
    }),
  });
}
