import { useEffect, useState } from "react";
import { Berths } from "./berths.tsx";
import { Chat } from "./chat.tsx";
import { Copilot } from "./copilot.tsx";
import { keep, storedSession } from "./session.ts";
import { SignIn } from "./sign-in.tsx";

export function App() {
  const [session, setSession] = useState(storedSession);
  useEffect(() => {
    if (session === undefined) return undefined;
    // Cedar shows nothing of a request that is refused: a page whose token has expired would only be silent.
    const timer = setTimeout(signOut, session.expiresAt - Date.now());
    return () => clearTimeout(timer);
  }, [session]);
  if (session === undefined) return <SignIn onToken={(token) => setSession(keep(token))} />;
  return (
    <Copilot {...session}>
      <header>
        <h1>Harbour</h1>
        <span>
          Signed in as <b>{session.sub}</b> <button onClick={signOut}>Sign out</button>
        </span>
      </header>
      <main>
        <Berths owner={session.sub} />
        <Chat />
      </main>
    </Copilot>
  );
}

function signOut(): void {
  keep(undefined);
  // Cedar's store is one for the page: the next user gets a new one.
  location.reload();
}
