import { CedarCopilot, useCedarStore } from "cedar-os";
import { cedarFetch, cedarStorage, providerToken, registerHumanInTheLoop, restoreAnswer, restoreQuestions, type CedarAnswer } from "holdfast/client/cedar";
import { useMemo, type ReactNode } from "react";
import { question } from "./question.tsx";
import { HOLDFAST, type Session } from "./session.ts";

// The helpers are made once, and ask as whoever the provider's token says.
const asUser = providerToken(useCedarStore);
// A stream that is cut goes on where it was, and a request that was lost is sent again.
globalThis.fetch = cedarFetch({ chatURL: `${HOLDFAST}/api/chat`, token: asUser });
// Makes the answers to questions reach the server.
registerHumanInTheLoop(useCedarStore, { holdfastURL: HOLDFAST });

const RENDERERS = [question];

/** What a page that was loaded anew has missed: the answer that is under way, and the questions that are open. */
async function restore(threadId: string, answers: readonly CedarAnswer[]): Promise<void> {
  await restoreAnswer(useCedarStore, { threadId, answers });
  await restoreQuestions(useCedarStore, { threadId });
}

const STORAGE = {
  type: "custom" as const,
  adapter: cedarStorage({ baseURL: HOLDFAST, token: asUser, onLoaded: (...loaded) => restore(...loaded).catch(console.error) }),
};

/** All that the page has of the server: one address, and the token of its user. */
export function Copilot({ token, sub, children }: Session & { readonly children: ReactNode }) {
  const llmProvider = useMemo(() => ({ provider: "mastra" as const, baseURL: `${HOLDFAST}/api`, apiKey: token }), [token]);
  return (
    <CedarCopilot userId={sub} llmProvider={llmProvider} messageStorage={STORAGE} messageRenderers={RENDERERS}>
      {children}
    </CedarCopilot>
  );
}
