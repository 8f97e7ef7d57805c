import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultV7, workflowV7 } from "./clients-v7.ts";
import { shownOf, textOf } from "./message-view.ts";
import { loadMessages } from "./server-api.ts";
import { freePort, openGate, ServerProcess } from "./server-process.ts";
import { askText } from "./server/script.ts";
import { until } from "./waiting.ts";

describe.each(["queue", "cancel-previous"] as const)("where a question on a busy thread is handled by %s", (onBusyThread) => {
  let folder: string;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-busy-"));
    server = await ServerProcess.start({ folder, port: await freePort(), aiSdkVersion: 7, onBusyThread });
  });

  afterAll(async () => {
    await server.end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([defaultV7, workflowV7])("$name gets both answers, and the thread has them in order", async (kind) => {
    const chatId = randomUUID();
    const first = kind.open({ baseUrl: server.url, chatId });
    const firstSent = first.send(askText({ scenario: "take", hold: chatId, at: 2 }));
    await until(() => textOf(first.messages[1]) === "This is", "the first tab shows the first words");
    const second = kind.open({ baseUrl: server.url, chatId, messages: await loadMessages(server.url, chatId) });
    const secondSent = second.send(askText({ scenario: "recall" }));
    if (onBusyThread === "queue") {
      await until(async () => (await loadMessages(server.url, chatId)).length === 2, "the second question waits");
      await openGate(server.url, chatId);
    }
    await Promise.all([firstSent, secondSent]);

    expect([first.status, second.status]).toEqual(["ready", "ready"]);
    expect(textOf(first.messages[1])).toMatch(onBusyThread === "queue" ? /^This is take \d+\.$/ : /^This is$/);
    expect(textOf(second.messages[2])).toBe("Before: 1 questions, 1 answers.");
    const messages = await loadMessages(server.url, chatId);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(messages.map(shownOf)).toEqual([...first.messages, ...second.messages.slice(1)].map(shownOf));
  });
});
