import { CedarEditorContent, useCedarEditor, useCedarStore, useMessages, useThreadController, type Message } from "cedar-os";
import { useEffect, useMemo, useRef, useState } from "react";
import { HOLDFAST } from "./session.ts";

/** Who answers: the workflow, as the server has it by default, or an agent that the message names. */
const ANSWERERS = { "cedar-chat": {}, assistant: { agentId: "assistant" } } as const;

export function Chat() {
  const { messages, isProcessing } = useMessages();
  const [answerer, setAnswerer] = useState<keyof typeof ANSWERERS>("cedar-chat");
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => end.current?.scrollIntoView(), [messages]);
  return (
    <section className="chat">
      <div className="bar">
        <Threads />
        <select aria-label="Answered by" value={answerer} onChange={(event) => setAnswerer(event.target.value as keyof typeof ANSWERERS)}>
          <option value="cedar-chat">workflow cedar-chat</option>
          <option value="assistant">agent assistant</option>
        </select>
      </div>
      <div className="messages" aria-live="polite">
        {messages.map((message) => (
          <Shown key={message.id} message={message} />
        ))}
        <div ref={end} />
      </div>
      {/* The editor keeps what it sends with from when it was made. */}
      <Editor key={answerer} fields={ANSWERERS[answerer]} isBusy={isProcessing} />
    </section>
  );
}

function Shown({ message }: { readonly message: Message }) {
  const renderer = useCedarStore((store) => store.messageRenderers[message.type]);
  if (message.type === "text") return <div className={`text ${message.role}`}>{message.content}</div>;
  return renderer === undefined ? null : <div className={`event ${message.type}`}>{renderer.render(message)}</div>;
}

function Editor({ fields, isBusy }: { readonly fields: object; readonly isBusy: boolean }) {
  const { editor, isEditorEmpty, handleSubmit } = useCedarEditor({ placeholder: "Put the Aurora at berth 2", stream: true, sendMessageParams: fields });
  return (
    <form
      className="bar"
      onSubmit={(event) => {
        event.preventDefault();
        void handleSubmit();
      }}
    >
      <CedarEditorContent editor={editor} className="editor" />
      {isBusy ? (
        <button type="button" onClick={stop}>
          Stop
        </button>
      ) : (
        <button disabled={isEditorEmpty}>Send</button>
      )}
    </form>
  );
}

/** Cedar's own cancel leaves the request open: the run is stopped on the server. */
function stop(): void {
  const { mainThreadId, providerConfig } = useCedarStore.getState();
  const { apiKey = "" } = providerConfig as { readonly apiKey?: string };
  void fetch(`${HOLDFAST}/api/chat/${encodeURIComponent(mainThreadId)}/stop`, { method: "POST", headers: { Authorization: `Bearer ${apiKey}` } });
}

function Threads() {
  const { currentThreadId, switchThread } = useThreadController();
  const threads = useCedarStore((store) => store.threadMap);
  const listed = useMemo(() => Object.values(threads).filter(({ id }) => id !== ""), [threads]);
  return (
    <>
      <select aria-label="Thread" value={currentThreadId} onChange={(event) => switchThread(event.target.value)}>
        {listed.map(({ id, name }) => (
          <option key={id} value={id}>
            {name ?? "New chat"}
          </option>
        ))}
      </select>
      <button onClick={() => switchThread(crypto.randomUUID(), "New chat")}>New chat</button>
    </>
  );
}
