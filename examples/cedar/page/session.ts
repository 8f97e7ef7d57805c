/** Where Holdfast is: the page's own server unless it is said, or in development the one that `npm start` starts. */
export const HOLDFAST: string = import.meta.env["VITE_MASTRA_URL"] || (import.meta.env.DEV ? "http://127.0.0.1:4200" : location.origin);

export const IS_DEMO: boolean = import.meta.env["VITE_DEMO_SIGN_IN"] === "true";

const KEY = "harbour-token";

/** Who is signed in. What the token says is for the page to show; the server checks it. */
export interface Session {
  readonly token: string;
  readonly sub: string;
  /** In milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

export function storedSession(): Session | undefined {
  const token = sessionStorage.getItem(KEY);
  return token === null ? undefined : sessionOf(token);
}

export function keep(token: string | undefined): Session | undefined {
  if (token === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
  return token === undefined ? undefined : sessionOf(token);
}

/** A demo user's token, where the server gives one. */
export async function demoToken(user: string): Promise<string> {
  const answer = await fetch(`${HOLDFAST}/demo/token/${user}`, { method: "POST" });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}: is HOLDFAST_DEMO_SIGN_IN set there?`);
  return ((await answer.json()) as { readonly token: string }).token;
}

function sessionOf(token: string): Session | undefined {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const { sub, exp = 0 } = JSON.parse(atob(payload)) as { readonly sub?: string; readonly exp?: number };
    return sub === undefined || exp * 1_000 < Date.now() ? undefined : { token, sub, expiresAt: exp * 1_000 };
  } catch {
    return undefined;
  }
}
