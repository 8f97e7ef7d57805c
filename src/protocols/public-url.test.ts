import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPublicUrl } from "./public-url.ts";

describe("an address that the server may read", () => {
  it.each([
    "https://example.com/a.png",
    "https://EXAMPLE.com:8443/a b.png?x=a@b#c",
    "https://cdn.a.example./a.png",
    "https://localhost.example.com/",
    "https://internal.example.com/",
    "https://notlocal.example/",
    "https://93.184.216.34/",
    "https://8.8.8.8:8443/x",
    "https://100.128.0.1/",
    "https://172.32.0.1/",
    "https://[2606:4700:4700::1111]/",
    "https://[2001:4860:4860::8888]:8443/x",
    "https://bücher.example/",
  ])("is public: %s", (url) => {
    expect(isPublicUrl(url)).toBe(true);
  });
});

describe("an address that the server is not made to read", () => {
  it.each([
    ["is no address", "picture.png"],
    ["is empty", ""],
    ["has no host", "https://"],
    ["is not encrypted", "http://example.com/"],
    ["is of another scheme", "ftp://example.com/"],
    ["is a file", "file:///etc/passwd"],
    ["is no URL with a host", "https:example.com"],
    ["hides its host behind slashes", "https:///127.0.0.1/"],
    ["names a user", "https://ann@example.com/"],
    ["names a user with a password", "https://ann:secret@example.com/"],
    ["names an empty user", "https://@example.com/"],
    ["names an empty user and password", "https://:@example.com/"],
    ["holds a backslash", "https://example.com\\@169.254.169.254/"],
    ["holds a line break", "https://exa\nmple.com/"],
    ["has an impossible port", "https://example.com:99999/"],
    ["is that of a cloud's metadata", "https://169.254.169.254/latest/meta-data"],
    ["is in 10.0.0.0/8", "https://10.1.2.3/"],
    ["is in 172.16.0.0/12", "https://172.31.255.255/"],
    ["is in 192.168.0.0/16", "https://192.168.1.1/"],
    ["is the loopback", "https://127.0.0.1:8443/"],
    ["is another loopback", "https://127.9.9.9/"],
    ["is unspecified", "https://0.0.0.0/"],
    ["is carrier-grade NAT", "https://100.64.0.1/"],
    ["is multicast", "https://224.0.0.1/"],
    ["is broadcast", "https://255.255.255.255/"],
    ["is reserved", "https://240.0.0.1/"],
    ["is for benchmarks", "https://198.19.0.1/"],
    ["is decimal", "https://2852039166/"],
    ["is hexadecimal", "https://0xa9fea9fe/"],
    ["is octal", "https://0177.0.0.1/"],
    ["is short", "https://127.1/"],
    ["is mixed", "https://0x7f.1/"],
    ["ends with a dot", "https://169.254.169.254./"],
    ["is percent-encoded", "https://%31%32%37.0.0.1/"],
    ["has wide digits", "https://１２７.0.0.1/"],
    ["is the IPv6 loopback", "https://[::1]/"],
    ["is the unspecified IPv6", "https://[::]/"],
    ["is unique local", "https://[fd12:3456::1]/"],
    ["is unique local in fc00::/8", "https://[fc00::1]/"],
    ["is link-local", "https://[fe80::1]/"],
    ["is site-local", "https://[fec0::1]/"],
    ["is IPv6 multicast", "https://[ff02::1]/"],
    ["is a mapped IPv4", "https://[::ffff:169.254.169.254]/"],
    ["is a mapped IPv4 in hexadecimal", "https://[::ffff:a9fe:a9fe]/"],
    ["is a compatible IPv4", "https://[::127.0.0.1]/"],
    ["is translated IPv4", "https://[64:ff9b::a9fe:a9fe]/"],
    ["is 6to4", "https://[2002:a9fe:a9fe::1]/"],
    ["is Teredo", "https://[2001:0:a9fe:a9fe::1]/"],
    ["is for documentation", "https://[2001:db8::1]/"],
    ["is this machine by name", "https://localhost/"],
    ["is this machine by name with a dot", "https://LOCALHOST./"],
    ["is beneath localhost", "https://app.localhost/"],
    ["has one label", "https://intranet/"],
    ["has one label with a dot", "https://intranet./"],
    ["is in .local", "https://printer.local/"],
    ["is in .internal", "https://metadata.google.internal/"],
    ["is in .internal with a dot", "https://metadata.google.internal./"],
    ["is in .home.arpa", "https://nas.home.arpa/"],
    ["is home.arpa", "https://home.arpa/"],
    ["is in a cluster", "https://kubernetes.default.svc/"],
  ])("%s: %s", (_, url) => {
    expect(isPublicUrl(url)).toBe(false);
  });

  it("is private in whatever way an IPv4 address is written", () => {
    const spellings = ([a, b, c, d]: readonly [number, number, number, number]): readonly string[] => {
      const whole = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      const hex = [a, b, c, d].map((octet) => `0x${octet.toString(16)}`).join(".");
      const octal = [a, b, c, d].map((octet) => `0${octet.toString(8)}`).join(".");
      return [
        `${a}.${b}.${c}.${d}`,
        `${whole}`,
        `0x${whole.toString(16)}`,
        `0${whole.toString(8)}`,
        hex,
        octal,
        `${a}.${b}.${(c << 8) | d}`,
        `[::ffff:${a}.${b}.${c}.${d}]`,
      ];
    };
    const byte = fc.nat(255);
    const privately = fc.oneof(fc.tuple(fc.constantFrom(0, 10, 127, 224, 255), byte, byte, byte), fc.tuple(fc.constant(192), fc.constant(168), byte, byte));
    fc.assert(
      fc.property(privately, (address) => {
        for (const host of spellings(address)) expect(isPublicUrl(`https://${host}/x`), host).toBe(false);
      }),
    );
  });

  it("comes out of any text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl()), (url) => typeof isPublicUrl(url) === "boolean"));
  });
});
