import { useCedarStore, type Message, type MessageRenderer } from "cedar-os";
import { useState } from "react";

interface Question {
  readonly runId: string;
  readonly content: string;
}

/** A question of a run that waits. Cedar's own card has no way to say no: it can only go on, or give the run up. */
export const question: MessageRenderer = {
  type: "humanInTheLoop",
  namespace: "harbour",
  render: (message) => <QuestionCard {...(message as unknown as Question)} />,
  validateMessage: (message): message is Message => message.type === "humanInTheLoop",
};

type Answers = Readonly<Record<string, { readonly state: string; readonly resumeData?: { readonly approved?: boolean } } | undefined>>;

function QuestionCard({ runId, content }: Question) {
  const kept = useCedarStore((store) => (store.registeredStates["humanInTheLoop"]?.value as Answers | undefined)?.[runId]);
  const [reason, setReason] = useState("");
  const press = (setterKey: "resume" | "cancel", ...data: readonly unknown[]): void =>
    useCedarStore.getState().executeStateSetter({ key: "humanInTheLoop", setterKey, args: [runId, ...data] });
  if (kept?.state !== "suspended") {
    const outcome = kept?.state === "resumed" ? (kept.resumeData?.approved === true ? "approved" : "declined") : "given up";
    return (
      <div className="question">
        {content} <b>{outcome}</b>
      </div>
    );
  }
  return (
    <div className="question">
      <p>{content}</p>
      <button onClick={() => press("resume", { approved: true })}>Approve</button>
      <button onClick={() => press("resume", { approved: false, ...(reason !== "" && { reason }) })}>Decline</button>
      <button onClick={() => press("cancel")}>Give up</button>
      <input aria-label="Reason" placeholder="Why not" value={reason} onChange={(event) => setReason(event.target.value)} />
    </div>
  );
}
