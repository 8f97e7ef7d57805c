import { describe, expect, inject, test } from "vitest";
import { AG_UI_KINDS, failOnComplaints, type AgUiClient, type AgUiKind } from "./ag-ui-client.ts";
import { answerOf, shownBy, typesOf } from "./ag-ui-view.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { openGate } from "./server-process.ts";
import { askText, VOYAGE_STATE, VOYAGE_TEXT, type Ask } from "./server/script.ts";
import { inParallel, until } from "./waiting.ts";

const FEWEST_EVENTS = 40;
const AT_ONCE = 8;

const server = inject("serverV7");

failOnComplaints();

/** A page that comes late. */
function join(kind: AgUiKind, { threadId }: AgUiClient, baseUrl: string = server): AgUiClient {
  return kind.open({ baseUrl, threadId, route: "connect" });
}

function expectSame(late: AgUiClient, first: AgUiClient, where: string): void {
  expect([first.failures, late.failures], where).toEqual([[], []]);
  expect(shownBy(late), where).toEqual(shownBy(first));
  expect(answerOf(late), where).toBe(VOYAGE_TEXT);
  expect(late.state, where).toEqual(VOYAGE_STATE);
}

describe.each(AG_UI_KINDS)("a second tab with $name", (kind) => {
  test("that joins at any event ends with the same messages and the same state", async () => {
    const whole = kind.open({ baseUrl: server });
    await whole.ask(askText({ scenario: "voyage" }));
    expect(whole.events.length).toBeGreaterThan(FEWEST_EVENTS);
    await inParallel(AT_ONCE, Array.from(whole.events.keys()), async (index) => {
      let late: AgUiClient | undefined;
      let joined: Promise<void> | undefined;
      const proxy = await CuttingProxy.open(server, {
        onEvent: (_, { events }) => {
          if (joined !== undefined || events.length <= index) return;
          late = join(kind, first);
          joined = late.run();
        },
      });
      const first: AgUiClient = kind.open({ baseUrl: proxy.url });
      await first.ask(askText({ scenario: "voyage" }));
      await joined;
      await proxy.close();
      // A busy machine may have committed some of the words as one: then there is no such event.
      if (late !== undefined) expectSame(late, first, `joined at event ${index}`);
    });
  });

  const HELD: readonly (Ask & { readonly lastSeen: string })[] = [
    { scenario: "voyage", holdIn: "reasoning", lastSeen: '"delta":"Two"' },
    { scenario: "voyage", holdIn: "tool-input", lastSeen: "TOOL_CALL_ARGS" },
    { scenario: "voyage", holdIn: "text", lastSeen: "👩‍🚀" },
  ];

  test.each(HELD)("that joins while the answer waits in its $holdIn sees the rest of it live, and ends with the same", async ({ lastSeen, ...ask }) => {
    const proxy = await CuttingProxy.open(server);
    const first = kind.open({ baseUrl: proxy.url });
    const asked = first.ask(askText({ ...ask, hold: first.threadId }));
    await until(() => proxy.events.some((data) => data.includes(lastSeen)), "the answer waits");
    const late = join(kind, first);
    const joined = late.run();
    await until(
      () => typesOf(late.events).includes("STATE_SNAPSHOT") || typesOf(late.events).includes("MESSAGES_SNAPSHOT"),
      "the second tab is shown what there is",
    );
    expect(typesOf(late.events)).not.toContain("RUN_FINISHED");
    await openGate(server, first.threadId);
    await Promise.all([asked, joined]);
    await proxy.close();
    expectSame(late, first, `joined in ${ask.holdIn}`);
    expect(typesOf(late.events).filter((type) => type === "RUN_STARTED")).toHaveLength(1);
  });

  test.each(["end", "reset"] as const)("whose own answer is cut by a %s goes on with it", async (by) => {
    const first = kind.open({ baseUrl: server });
    const asked = first.ask(askText({ scenario: "voyage", hold: first.threadId }));
    await until(() => answerOf(first).includes("👩‍🚀"), "the answer waits");
    const proxy = await CuttingProxy.open(server, { cut: (_, index) => ({ after: index === 0 ? 2 : 3, by }) });
    const late = join(kind, first, proxy.url);
    const joined = late.run();
    await until(() => proxy.exchanges.length > 1, "the second tab has come back");
    await openGate(server, first.threadId);
    await Promise.all([asked, joined]);
    await proxy.close();
    expectSame(late, first, `cut by ${by}`);
  });

  test("of a run that has ended shows it whole", async () => {
    const first = kind.open({ baseUrl: server });
    await first.ask(askText({ scenario: "voyage" }));
    const late = join(kind, first);
    await late.run();
    expectSame(late, first, "joined after the end");
    expect(typesOf(late.events).at(-1)).toBe("RUN_FINISHED");
  });

  test("of a thread that nobody knows is refused", async () => {
    const late = kind.open({ baseUrl: server, route: "connect" });
    await expect(late.run()).rejects.toMatchObject({ status: 404 });
  });
});

test("tabs of both generations show the same", async () => {
  const [one, other] = AG_UI_KINDS;
  if (one === undefined || other === undefined) throw new Error("There are two generations.");
  const first = one.open({ baseUrl: server });
  await first.ask(askText({ scenario: "voyage" }));
  const late = join(other, first);
  await late.run();
  expect(shownBy(late)).toEqual(shownBy(first));
});
