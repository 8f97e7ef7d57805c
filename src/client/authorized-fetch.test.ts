import { expect, it } from "vitest";
import { authorizedFetch } from "./authorized-fetch.ts";

/** A server that takes one token, and notes which were sent. */
function serverOf(taken: string): { readonly sent: (string | null)[]; readonly fetch: typeof globalThis.fetch } {
  const sent: (string | null)[] = [];
  return {
    sent,
    fetch: async (input, init) => {
      const authorization = new Request(input, init).headers.get("authorization");
      sent.push(authorization);
      return new Response(null, { status: authorization === `Bearer ${taken}` ? 200 : 401 });
    },
  };
}

const URL = "https://example.com/";

it("sends the token of the moment, in the place of any other", async () => {
  const { sent, fetch } = serverOf("b");
  const tokens = ["a", "b"];
  const send = authorizedFetch(fetch, () => tokens[0]);
  tokens.shift();
  expect((await send(URL, { headers: { authorization: "Bearer old" } })).status).toBe(200);
  expect(sent).toEqual(["Bearer b"]);
});

it("asks once more when a token is refused, and sends another one only", async () => {
  const { sent, fetch } = serverOf("b");
  const tokens = ["a", "b"];
  expect((await authorizedFetch(fetch, async () => tokens.shift())(new Request(URL, { method: "POST", body: "{}" }))).status).toBe(200);
  expect((await authorizedFetch(fetch, "a")(URL)).status).toBe(401);
  expect(sent).toEqual(["Bearer a", "Bearer b", "Bearer a"]);
});

it("leaves a request as it is where there is no token", async () => {
  const { sent, fetch } = serverOf("b");
  await authorizedFetch(fetch, () => "")(URL, { headers: { authorization: "Bearer own" } });
  await authorizedFetch(fetch, () => undefined)(URL);
  expect(sent).toEqual(["Bearer own", null]);
});

it("hands a refusal over where no other token is to be had", async () => {
  const { sent, fetch } = serverOf("b");
  const tokens = ["a"];
  const next = (): string => tokens.shift() ?? expect.fail("The user has left.");
  expect((await authorizedFetch(fetch, next)(URL)).status).toBe(401);
  expect(sent).toEqual(["Bearer a"]);
  await expect(authorizedFetch(fetch, next)(URL)).rejects.toThrow("left");
});
