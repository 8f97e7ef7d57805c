import { describe, expect, test } from "vitest";
import type { Env } from "./command.ts";
import { serveSettings, storePath, type ServeSettings } from "./config.ts";

function settings(flags: Record<string, string>, env: Env = {}): ServeSettings {
  const result = serveSettings({ flags, positionals: [] }, env);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

function fault(flags: Record<string, string>, env: Env = {}): string {
  const result = serveSettings({ flags, positionals: [] }, env);
  return result.ok ? "no fault" : result.message;
}

describe("holdfast serve", () => {
  test("serves on loopback without authentication unless told otherwise", () => {
    expect(settings({})).toEqual({ store: "sqlite:.holdfast/holdfast.db", host: "127.0.0.1", port: 4200, auth: { kind: "none" }, warnings: [] });
  });

  test("takes its settings from the environment", () => {
    const env = { HOLDFAST_STORE: "sqlite:a.db", HOLDFAST_PORT: "5000", HOLDFAST_AUTH: "jwt", HOLDFAST_JWKS_URL: "https://id.example.com/keys" };
    expect(settings({}, env)).toMatchObject({
      store: "sqlite:a.db",
      port: 5000,
      auth: { kind: "jwt", options: { jwksUrl: "https://id.example.com/keys" } },
    });
  });

  test("a flag goes before its variable", () => {
    const env = { HOLDFAST_STORE: "sqlite:a.db", HOLDFAST_PORT: "5000", HOLDFAST_AUTH: "jwt" };
    expect(settings({ store: "memory", port: "0", auth: "none" }, env)).toMatchObject({ store: "memory", port: 0, auth: { kind: "none" } });
  });

  test.each(["-1", "65536", "http", "", "80.5"])("refuses the port %s", (port) => {
    expect(fault({ port })).toContain("is not a number from 0 to 65535");
  });

  test("refuses an empty store", () => {
    expect(fault({}, { HOLDFAST_STORE: "" })).toContain("store is empty");
  });

  test.each(["0.0.0.0", "::", "192.168.1.7", "example.com"])("refuses to listen on %s without authentication, asked for or not", (host) => {
    expect(fault({ host })).toContain("pass --auth jwt");
    expect(fault({ host, auth: "none" })).toContain("loopback only");
    expect(fault({ host }, { HOLDFAST_AUTH: "none" })).toContain("loopback only");
  });

  test("listens anywhere with tokens", () => {
    expect(settings({ host: "0.0.0.0", auth: "jwt" }, { HOLDFAST_JWT_SECRET: "s".repeat(32) })).toMatchObject({
      host: "0.0.0.0",
      auth: { kind: "jwt", options: { secret: "s".repeat(32) } },
      warnings: [],
    });
  });

  test("takes the issuer and the audience that tokens have to be of, and no empty ones", () => {
    const keys = { HOLDFAST_JWKS_URL: "https://id.example.com/keys" };
    expect(settings({ auth: "jwt" }, { ...keys, HOLDFAST_JWT_ISSUER: "https://id.example.com/", HOLDFAST_JWT_AUDIENCE: "chat" }).auth).toEqual({
      kind: "jwt",
      options: { jwksUrl: "https://id.example.com/keys", issuer: "https://id.example.com/", audience: "chat" },
    });
    expect(fault({ auth: "jwt" }, { ...keys, HOLDFAST_JWT_ISSUER: "" })).toContain("HOLDFAST_JWT_ISSUER is empty");
    expect(fault({ auth: "jwt" }, { ...keys, HOLDFAST_JWT_AUDIENCE: "" })).toContain("HOLDFAST_JWT_AUDIENCE is empty");
  });

  test.each([{}, { HOLDFAST_JWT_SECRET: "" }])("refuses tokens without anything to check them with: %o", (env) => {
    expect(fault({ auth: "jwt" }, env)).toContain("set HOLDFAST_JWT_SECRET or HOLDFAST_JWKS_URL");
  });

  test("refuses two things to check tokens with, a key address that is none, and an unknown way", () => {
    expect(fault({ auth: "jwt" }, { HOLDFAST_JWT_SECRET: "s", HOLDFAST_JWKS_URL: "https://x" })).toContain("both set");
    expect(fault({ auth: "jwt" }, { HOLDFAST_JWKS_URL: "keys.json" })).toContain("not an http(s) URL");
    expect(fault({ auth: "basic" })).toContain("use none or jwt");
  });

  test("warns of a short secret and of one that is not used", () => {
    expect(settings({ auth: "jwt" }, { HOLDFAST_JWT_SECRET: "short" }).warnings).toEqual([expect.stringContaining("shorter than 32 bytes")]);
    expect(settings({}, { HOLDFAST_JWT_SECRET: "s".repeat(32) }).warnings).toEqual([expect.stringContaining("tokens are not checked")]);
  });
});

test.each([
  ["sqlite:.holdfast/h.db", ".holdfast/h.db"],
  ["file:/tmp/h.db", "/tmp/h.db"],
  ["runs.db", "runs.db"],
  ["C:\\runs.db", "C:\\runs.db"],
  ["memory", undefined],
  ["sqlite::memory:", undefined],
  ["postgres://localhost/x", undefined],
])("the store %s is the file %s", (setting, path) => {
  expect(storePath(setting)).toBe(path);
});
