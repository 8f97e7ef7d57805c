import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import type { HoldfastError } from "../core/error.ts";
import { jwtAuth, noAuth } from "./auth.ts";

const SECRET = "a secret of at least thirty-two bytes";
const KEY = new TextEncoder().encode(SECRET);

function requestWith(authorization: string | undefined): Request {
  return new Request("http://localhost/", authorization === undefined ? {} : { headers: { authorization } });
}

function signed(claims: Record<string, unknown>, alg = "HS256"): SignJWT {
  return new SignJWT(claims).setProtectedHeader({ alg });
}

describe("a shared secret", () => {
  const authenticate = jwtAuth({ secret: SECRET });

  test("the subject of a valid token is the resource, and its payload the claims", async () => {
    const token = await signed({ sub: "ann", role: "admin" }).setExpirationTime("1h").sign(KEY);
    expect(await authenticate(requestWith(`Bearer ${token}`))).toEqual({
      resourceId: "ann",
      claims: { sub: "ann", role: "admin", exp: expect.any(Number) as number },
    });
    expect(await authenticate(requestWith(`bearer ${token}`))).toMatchObject({ resourceId: "ann" });
  });

  test("a short secret works, an empty one is refused", async () => {
    const token = await signed({ sub: "ann" }).sign(new TextEncoder().encode("short"));
    expect(await jwtAuth({ secret: "short" })(requestWith(`Bearer ${token}`))).toMatchObject({ resourceId: "ann" });
    expect(() => jwtAuth({ secret: "" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as HoldfastError);
  });

  test.each(["issuer", "audience"])("an empty %s is refused, since it would check nothing", (name) => {
    expect(() => jwtAuth({ secret: SECRET, [name]: "" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as HoldfastError);
  });

  test.each([
    ["of that issuer for that audience", { iss: "https://id.example.com/", aud: "chat" }, "ann"],
    ["for that audience and others", { iss: "https://id.example.com/", aud: ["mail", "chat"] }, "ann"],
    ["of another issuer", { iss: "https://id.example.com", aud: "chat" }, undefined],
    ["of no issuer", { aud: "chat" }, undefined],
    ["for another audience", { iss: "https://id.example.com/", aud: ["mail"] }, undefined],
    ["for no audience", { iss: "https://id.example.com/" }, undefined],
  ])("where issuer and audience are named, a token %s counts accordingly", async (_, claims, resourceId) => {
    const scoped = jwtAuth({ secret: SECRET, issuer: "https://id.example.com/", audience: "chat" });
    const token = await signed({ sub: "ann", ...claims }).sign(KEY);
    expect((await scoped(requestWith(`Bearer ${token}`)))?.resourceId).toBe(resourceId);
  });

  test.each([
    ["no header", async () => undefined],
    ["another scheme", async () => "Basic YW5uOmFubg=="],
    ["no token", async () => "Bearer "],
    ["something that is no token", async () => "Bearer a.b.c"],
    ["another secret", async () => `Bearer ${await signed({ sub: "ann" }).sign(new TextEncoder().encode(`${SECRET}!`))}`],
    ["another algorithm of the same secret", async () => `Bearer ${await signed({ sub: "ann" }, "HS512").sign(KEY)}`],
    ["no signature", async () => `Bearer ${new UnsecuredJWT({ sub: "ann" }).encode()}`],
    ["an expired token", async () => `Bearer ${await signed({ sub: "ann" }).setExpirationTime(1).sign(KEY)}`],
    ["a token that is not valid yet", async () => `Bearer ${await signed({ sub: "ann" }).setNotBefore("1h").sign(KEY)}`],
    ["no subject", async () => `Bearer ${await signed({ role: "admin" }).sign(KEY)}`],
    ["an empty subject", async () => `Bearer ${await signed({ sub: "" }).sign(KEY)}`],
    ["a subject that is no text", async () => `Bearer ${await signed({ sub: 7 }).sign(KEY)}`],
  ])("%s is refused", async (_, header) => {
    expect(await authenticate(requestWith(await header()))).toBeUndefined();
  });
});

describe("keys at a URL", () => {
  let stop: (() => void) | undefined;
  afterEach(() => stop?.());

  async function keyServer(body: unknown, status = 200): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    stop = () => {
      server.closeAllConnections();
      server.close();
    };
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  }

  test("a token signed with a published key is accepted, one of another key is not", async () => {
    const [ours, theirs] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
    const authenticate = jwtAuth({ jwksUrl: await keyServer({ keys: [{ ...(await exportJWK(ours.publicKey)), alg: "ES256" }] }) });
    expect(await authenticate(requestWith(`Bearer ${await signed({ sub: "ann" }, "ES256").sign(ours.privateKey)}`))).toMatchObject({ resourceId: "ann" });
    expect(await authenticate(requestWith(`Bearer ${await signed({ sub: "ann" }, "ES256").sign(theirs.privateKey)}`))).toBeUndefined();
  });

  test("a token for another application of the same issuer is refused where the audience is named", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const authenticate = jwtAuth({ jwksUrl: await keyServer({ keys: [{ ...(await exportJWK(publicKey)), alg: "ES256" }] }), audience: "chat" });
    const tokenFor = (aud: string): Promise<string> => signed({ sub: "ann", aud }, "ES256").sign(privateKey);
    expect(await authenticate(requestWith(`Bearer ${await tokenFor("chat")}`))).toMatchObject({ resourceId: "ann" });
    expect(await authenticate(requestWith(`Bearer ${await tokenFor("mail")}`))).toBeUndefined();
  });

  test("a published key does not serve as the secret of another algorithm", async () => {
    const { publicKey } = await generateKeyPair("RS256");
    const jwk = await exportJWK(publicKey);
    const authenticate = jwtAuth({ jwksUrl: await keyServer({ keys: [{ ...jwk, alg: "RS256" }] }) });
    const forged = await signed({ sub: "ann" }).sign(new TextEncoder().encode(JSON.stringify(jwk)));
    expect(await authenticate(requestWith(`Bearer ${forged}`))).toBeUndefined();
  });

  test("a key server that fails is not the fault of the token", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const token = await signed({ sub: "ann" }, "ES256").sign(privateKey);
    const authenticate = jwtAuth({ jwksUrl: await keyServer({}, 500) });
    await expect(authenticate(requestWith(`Bearer ${token}`))).rejects.toMatchObject({ code: "AUTH_UNAVAILABLE", retryable: true });
    stop?.();
    await expect(authenticate(requestWith(`Bearer ${token}`))).rejects.toMatchObject({ code: "AUTH_UNAVAILABLE" });
  });

  test("an address that is not http is refused", () => {
    expect(() => jwtAuth({ jwksUrl: "file:///etc/keys" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as HoldfastError);
  });
});

test("without authentication everybody is the same resource", async () => {
  expect(await noAuth()(requestWith(undefined))).toEqual({ resourceId: "local", isOpen: true });
});
