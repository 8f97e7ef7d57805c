import { describe, expect, it } from "vitest";
import { historyMessage, userMessage, type ClientMessage } from "./history.ts";

function messageWith(role: ClientMessage["role"], url: string): ClientMessage {
  const parts = [
    { type: "text", text: "look" },
    { type: "file", mediaType: "image/png", url },
  ];
  return { id: "m", role, parts };
}

describe("a file of a message", () => {
  it.each(["https://example.com/a.png", "data:image/png;base64,aGk="])("is taken with its bytes or its public address: %s", (url) => {
    expect(userMessage(messageWith("user", url), "message")).toStrictEqual(messageWith("user", url));
    expect(historyMessage(messageWith("assistant", url), "messages[0]")).toStrictEqual([messageWith("assistant", url)]);
  });

  it.each([
    "https://169.254.169.254/latest/meta-data",
    "https://2852039166/",
    "https://[::1]/a.png",
    "https://metadata.google.internal/",
    "https://localhost/a.png",
    "https://ann:secret@example.com/a.png",
    "http://example.com/a.png",
  ])("is refused in a message of the user, and left out of an answer, where the server would read what is not public: %s", (url) => {
    expect(() => userMessage(messageWith("user", url), "message")).toThrow("The field message.parts[1].url of the body is missing or not valid.");
    expect(() => historyMessage(messageWith("user", url), "messages[0]")).toThrow("messages[0].parts[1].url");
    expect(historyMessage(messageWith("assistant", url), "messages[0]")).toStrictEqual([
      { id: "m", role: "assistant", parts: [{ type: "text", text: "look" }] },
    ]);
  });
});
