import { expect, test } from "vitest";
import { isLoopbackHost } from "./loopback.ts";

test.each(["localhost", "LOCALHOST", "app.localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]"])("%s is reached from its own machine only", (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

test.each(["0.0.0.0", "::", "192.168.1.2", "localhost.example.com", "127.0.0.1.example.com", "example.com", "notlocalhost", "1127.0.0.1", ""])(
  "%s may be reached from elsewhere",
  (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  },
);
