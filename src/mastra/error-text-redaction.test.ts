import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorText } from "./error-text.ts";
import { withoutPrivate } from "./error-text-redaction.ts";

const LEFT_OUT: readonly (readonly [text: string, shown: string])[] = [
  // Addresses.
  ["GET https://api.example.com/v1/models said 404", "GET [address] said 404"],
  ["see https://platform.example.com/account.", "see [address]."],
  ["failed (https://a.example/x?k=v#f), sorry", "failed ([address]), sorry"],
  ['{"url":"https://a.example/x","why":"gone"}', '{"url":"[address]","why":"gone"}'],
  [
    "connect ECONNREFUSED 10.0.0.5:5432 postgres://admin:hunter2@db.internal/main api-key=sk-secret",
    "connect ECONNREFUSED [address] [address] api-key=[credential]",
  ],
  ["cannot reach postgres://admin:p'a)s,s/w@rd@db:5432/x now", "cannot reach [address] now"],
  ["mongodb+srv://u:p@cluster0.example.net failed", "[address] failed"],
  ["HTTPS://EXAMPLE.COM/ failed", "[address] failed"],
  ["dsn admin:hunter2@tcp(10.0.0.5:3306)/shop is wrong", "dsn [address] is wrong"],
  ["10.0.0.5 does not answer", "[address] does not answer"],
  ["from 10.0.0.0/8, not 10.1.1.1.", "from [address], not [address]."],
  ["10.0.0.5/v1/models gave nothing", "[address] gave nothing"],
  ["connect ECONNREFUSED ::1:5432", "connect ECONNREFUSED [address]"],
  ["connect to [fe80::1%eth0]:8080 failed", "connect to [address] failed"],
  ["fd12:3456:789a:1:0:0:0:1 is down", "[address] is down"],
  ["2606:4700::1111: no route", "[address]: no route"],
  ["::ffff:10.0.0.5 is down", "[address] is down"],
  ["getaddrinfo ENOTFOUND db.prod.example.com", "getaddrinfo ENOTFOUND [address]"],
  ["getaddrinfo EAI_AGAIN redis:6379", "getaddrinfo EAI_AGAIN [address]"],
  ["host db.internal is down", "host [address] is down"],
  ["ip-10-0-0-5.ec2.internal:443 is down", "[address] is down"],
  ["localhost:3000 refused", "[address] refused"],
  ["api.example.com:8443/v1 refused", "[address] refused"],
  ["cannot connect to queue:5000.", "cannot connect to [address]."],
  ["connect ECONNREFUSED queue:5000", "connect ECONNREFUSED [address]"],
  ["redis:6379 is loading", "[address] is loading"],
  ["Access denied for user 'root'@'10.0.0.5' (using password: YES)", "Access denied for user 'root'@'[address]' (using password: YES)"],
  // Credentials.
  ["Incorrect API key provided: sk-abc***xyz. Look it up.", "Incorrect API key provided: [credential]. Look it up."],
  ["no access with sk-proj-AbC_123-x, sorry", "no access with [credential], sorry"],
  ["the key sk_live_4eC39HqLyjWDarjtT1 is bad", "the key [credential] is bad"],
  ["api_key=abc, model=x", "api_key=[credential], model=x"],
  ["x-api-key: abc123", "x-api-key: [credential]"],
  ["OPENAI_API_KEY=abc was used", "OPENAI_API_KEY=[credential] was used"],
  ["AWS_SECRET_ACCESS_KEY=abc/def+1=", "AWS_SECRET_ACCESS_KEY=[credential]"],
  ["token: abc", "token: [credential]"],
  ["access_token=abc&x=1", "access_token=[credential]"],
  ["password=hunter2;host=x", "password=[credential]"],
  ["password = 'two words' of ann", "password = [credential] of ann"],
  ["password: the-real.one", "password: [credential]"],
  ["Password: 12345", "Password: [credential]"],
  ['{"password":"hunter2","user":"ann"}', '{"password":[credential],"user":"ann"}'],
  ['{\\"token\\":\\"hunter2\\",\\"user\\":\\"ann\\"}', '{\\"token\\":[credential],\\"user\\":\\"ann\\"}'],
  ["client_secret => abc", "client_secret => [credential]"],
  ["Authorization: Bearer abc.def", "Authorization: [credential]"],
  ["authorization=Basic dXNlcjpwYXNz", "authorization=[credential]"],
  ["sent Bearer abcdef123 to it", "sent Bearer [credential] to it"],
  ["sent Basic dXNlcjpwYXNz to it", "sent Basic [credential] to it"],
  ["Cookie: a=b; c=d", "Cookie: [credential]"],
  ["AKIAIOSFODNN7EXAMPLE is disabled", "[credential] is disabled"],
  ["ghp_16C7e42F292c6912E7710c838347Ae178B4a is revoked", "[credential] is revoked"],
  ["AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY is restricted", "[credential] is restricted"],
  ["jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln expired", "jwt [credential] expired"],
  ["hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b differs", "hash [credential] differs"],
  ["sent 7Hs8kQ2nVx0LpZ5rTb3Y9wEa to it", "sent [credential] to it"],
];

const KEPT: readonly string[] = [
  "The provider is overloaded.",
  "Rate limit of 10:00 reached",
  "Try again at 10:00:05, or in 00:15.",
  "model gpt-5.1 is not available in version 1.2.3 of the API",
  "The model `claude-sonnet-4-5-20250929` does not exist",
  "gpt-4o-mini-realtime-preview-2024-12-17 is busy",
  "us.anthropic.claude-3-5-sonnet-20241022-v2:0 is not enabled",
  "meta/Llama-4-Maverick-17B-128E-Instruct-FP8 and qwen2.5:72b are gone",
  "ft:gpt-4o-mini-2024-07-18:acme::abc123 is not found",
  "Chrome 120.0.6099.109, node v24.1.0, version 1.2.3.4 and v1.2.3.4",
  "1.000.000.000 tokens, 1.5 of 3, 50%, 1/2",
  "input token: 4096, max_tokens: 8192, tokens used: 12345678",
  "Invalid token: expired",
  "password: too short",
  "bearer with a ring",
  "Unexpected token } in JSON at position 4",
  "Bearer token is missing, Basic authentication is off",
  "invalid x-api-key",
  "API key not valid. Please pass a valid API key.",
  "No password: required",
  "The secret of it is patience; the passwords match.",
  "Status:404, code:1234, line:120",
  "error in main.py:33 and app.module.ts:120:5",
  "std::string and Foo::Bar are C++",
  "run 3f2b8c1e-5d4a-4b6f-9c0d-1e2f3a4b5c6d ended",
  "No tool output found for call_5kXb9Qw2Rt7Yp0Zm4Nc8Vd1L",
  "a task-force, sk-learn, a risk-free desk",
  "Write to ann@example.com: it helps",
  "internationalization-and-localization-everywhere",
  "the OAuth2AuthorizationCodeGrantException was thrown",
  "HTTP/1.1 401 Unauthorized",
  "ratio 3:4, scored 12:10, John 3:16",
];

describe("what an error says to the owner of a run", () => {
  test.each(LEFT_OUT)("has no address and no credential: %s", (text, shown) => {
    expect(errorText(text)).toBe(shown);
  });

  test.each(KEPT)("keeps a sentence as it is: %s", (text) => {
    expect(errorText(text)).toBe(text);
  });

  test.each([...LEFT_OUT.map(([text]) => text), ...KEPT])("is the same when it is said again: %s", (text) => {
    expect(errorText(errorText(text))).toBe(errorText(text));
  });

  test("is never only an address", () => {
    expect(errorText("https://a.example/x")).toBe("An error occurred.");
  });

  test("has no password of any spelling behind the name of a secret", () => {
    const names = fc.constantFrom("password=", "api-key=", "api_key: ", "token=", "Authorization: Bearer ", "secret: ", "postgres://ann:", "x-api-key:");
    const secret = fc.stringMatching(/^[a-z]{2}[A-Za-z\d+/.~_-]{2,40}\d$/);
    fc.assert(
      fc.property(names, secret, (name, value) => {
        expect(errorText(`it said ${name}${value}${name.endsWith("ann:") ? "@db/x" : ""} to me`)).not.toContain(value);
      }),
    );
  });

  test.each(["a", "a.", ":", "1.", "-", "=", "/", "token", "a:", "a:b@", "f:", '\\"', "[", "password=", "A1-", "cookie:", "1:"])(
    "takes no long time of many %s",
    (piece) => {
      const line = piece.repeat(8_000 / piece.length);
      const start = performance.now();
      withoutPrivate(line);
      withoutPrivate(`${line} `);
      expect(performance.now() - start).toBeLessThan(2_000);
    },
  );
});
