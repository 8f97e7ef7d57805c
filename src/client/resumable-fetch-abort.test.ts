import { describe, expect, onTestFinished, test, vi } from "vitest";
import { EventServer, type StreamAnswer } from "../testkit/event-server.ts";
import { resumableFetch, type ResumableFetchOptions } from "./resumable-fetch.ts";

const EVENTS = [
  '{"type":"RUN_STARTED","threadId":"t","runId":"r"}',
  '{"type":"CUSTOM","name":"n","value":1}',
  '{"type":"RUN_FINISHED","threadId":"t","runId":"r"}',
];

interface Opened {
  /** Method and URL of every request that was sent. */
  readonly sent: readonly string[];
  readonly server: EventServer;
  readonly abort: AbortController;
  readonly send: (path?: string) => Promise<Response>;
}

async function open(answer: StreamAnswer, options: ResumableFetchOptions = {}): Promise<Opened> {
  const server = await EventServer.open({ events: EVENTS, answer: () => answer });
  onTestFinished(() => server.close());
  const abort = new AbortController();
  const sent: string[] = [];
  const watched: typeof fetch = async (input, init) => {
    sent.push(`${init?.method} ${new Request(input).url.slice(server.url.length)}`);
    return fetch(input, init);
  };
  const resumable = resumableFetch({ fetch: watched, jitter: () => 0, ...options });
  const headers = { authorization: "Bearer t", "content-type": "application/json", accept: "text/event-stream" };
  return {
    server,
    abort,
    sent,
    send: (path = "/ag-ui/agents/a/run") => resumable(`${server.url}${path}`, { method: "POST", headers, body: "{}", signal: abort.signal }),
  };
}

async function readOne({ body }: Response): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  if (body === null) throw new Error("The answer has no body.");
  const reader = body.getReader();
  await reader.read();
  return reader;
}

describe("an abort in the middle of a stream", () => {
  test("fails the reader with the reason of the signal, and cancels the run with the same credentials", async () => {
    const { server, abort, send } = await open({ ends: "never", after: 2 });
    const reader = await readOne(await send());
    await reader.read();
    const waiting = reader.read();
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(server.cancelRequests).toHaveLength(1));
    const [cancel] = server.cancelRequests;
    expect(cancel).toMatchObject({ method: "POST", path: "/v1/runs/server%2Frun/cancel", body: "", headers: { authorization: "Bearer t" } });
    expect(cancel?.headers["content-type"]).toBeUndefined();
    expect(server.streamRequests).toHaveLength(1);
  });

  test.each(["/copilotkit/agent/a/run", "/app/v2/copilotkit", "/api/ag-ui/agents/io-bridge/run?x=/ag-ui/", "/io-bridge/run"])(
    "of a request to %s cancels beside it",
    async (path) => {
      const { server, abort, send } = await open({ ends: "never", after: 1 });
      await readOne(await send(path));
      abort.abort();
      await vi.waitFor(() => expect(server.cancelRequests).toHaveLength(1));
      const base = path.slice(0, path.search(/\/(copilotkit|ag-ui|io-bridge)/));
      expect(server.cancelRequests[0]?.path).toBe(`${base}/v1/runs/server%2Frun/cancel`);
    },
  );

  test("cancels at the URL that is given", async () => {
    const asked: string[] = [];
    const { server, abort, send } = await open(
      { ends: "never", after: 1 },
      { cancelUrl: (runId, url) => (asked.push(runId, url), new URL("/stop/v1/runs/mine/cancel", url).href) },
    );
    await readOne(await send());
    abort.abort();
    await vi.waitFor(() => expect(server.cancelRequests.map(({ path }) => path)).toEqual(["/stop/v1/runs/mine/cancel"]));
    expect(asked).toEqual(["server/run", `${server.url}/ag-ui/agents/a/run`]);
  });

  test("cancels nothing when no URL is known", async () => {
    const { abort, sent, send } = await open({ ends: "never", after: 1 });
    const reader = await readOne(await send("/elsewhere?from=/ag-ui/"));
    abort.abort();
    await expect(reader.read()).rejects.toThrow();
    expect(sent).toEqual(["POST /elsewhere?from=/ag-ui/"]);
  });
});

test("an abort while a lost stream is asked for ends the waiting and cancels the run", async () => {
  const { server, abort, send } = await open(
    { ends: "reset", after: 1 },
    { jitter: () => 1, baseDelayMs: 3_600_000, maxDelayMs: 3_600_000, onRetry: () => abort.abort() },
  );
  const response = await send();
  await expect(response.text()).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitFor(() => expect(server.cancelRequests).toHaveLength(1));
  expect(server.streamRequests).toHaveLength(1);
});

test("an abort before the answer begins fails at once, and the run is canceled when its id is known", async () => {
  const begun = Promise.withResolvers<Response>();
  const sent: string[] = [];
  const abort = new AbortController();
  const fetch = resumableFetch({
    fetch: (input, init) => {
      sent.push(`${init?.method} ${new Request(input).url}`);
      return sent.length === 1 ? begun.promise : Promise.resolve(new Response());
    },
  });
  const waiting = fetch("http://holdfast.test/ag-ui/agents/a/run", { method: "POST", body: "{}", signal: abort.signal });
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  begun.resolve(new Response("", { headers: { "content-type": "text/event-stream", "x-holdfast-run-id": "late" } }));
  await vi.waitFor(() => expect(sent).toEqual(["POST http://holdfast.test/ag-ui/agents/a/run", "POST http://holdfast.test/v1/runs/late/cancel"]));
});

test("a signal that is aborted already sends nothing", async () => {
  const { server, abort, send } = await open({});
  abort.abort();
  await expect(send()).rejects.toMatchObject({ name: "AbortError" });
  expect(server.streamRequests).toEqual([]);
});

test("an abort after the run has ended cancels nothing", async () => {
  const { abort, sent, send } = await open({ ends: "never" });
  const reader = await readOne(await send());
  await reader.read();
  await reader.read();
  abort.abort();
  await expect(reader.read()).rejects.toMatchObject({ name: "AbortError" });
  expect(sent).toEqual(["POST /ag-ui/agents/a/run"]);
});

test("whoever leaves a stream cancels nothing and asks for no more", async () => {
  const { server, sent, send } = await open({ ends: "never", after: 1 });
  const reader = await readOne(await send());
  await reader.cancel();
  await server.isLeft;
  expect(sent).toEqual(["POST /ag-ui/agents/a/run"]);
});
