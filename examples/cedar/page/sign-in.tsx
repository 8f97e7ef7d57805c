import { useState } from "react";
import { demoToken, IS_DEMO } from "./session.ts";

const DEMO_USERS = ["ann", "ben"];

/** Stands for the sign-in of your identity provider. */
export function SignIn({ onToken }: { readonly onToken: (token: string) => void }) {
  const [problem, setProblem] = useState<string>();
  const [token, setToken] = useState("");
  const signInAs = (user: string): void => void demoToken(user).then(onToken, (error: Error) => setProblem(error.message));
  return (
    <section className="sign-in">
      <h1>Harbour</h1>
      {IS_DEMO && DEMO_USERS.map((user) => (
        <button key={user} onClick={() => signInAs(user)}>
          Sign in as {user}
        </button>
      ))}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onToken(token.trim());
        }}
      >
        <input aria-label="Token" placeholder="A token: npm run --silent token ann" value={token} onChange={(event) => setToken(event.target.value)} />
        <button disabled={token === ""}>Sign in</button>
      </form>
      {problem !== undefined && <p className="problem">{problem}</p>}
    </section>
  );
}
