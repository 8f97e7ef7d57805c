import { authorizedFetch, type TokenSource } from "./authorized-fetch.ts";
import { openThreadPath, type CedarAnswer, type OpenThread } from "./cedar-open.ts";
import { shownMessages, type KeptMessage } from "./cedar-messages.ts";

/** Where {@link cedarStorage} reads, and as whom. */
export interface CedarStorageOptions {
  /** Where Holdfast is: what stands before `/v1` and `/api/chat`. */
  readonly baseURL: string;
  /** The user's token, or what gives the one of the moment, as `providerToken(useCedarStore)`: Cedar keeps the first storage that it is given. */
  readonly token?: TokenSource;
  /** Called when the chat shows what was loaded of a thread, with the answers that were under way then: `restoreAnswer` shows them. */
  readonly onLoaded?: (threadId: string, answers: readonly CedarAnswer[]) => unknown;
  /** What sends the requests; the global fetch unless given. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A thread as Cedar lists it. */
export interface CedarThread {
  readonly id: string;
  readonly title: string;
  readonly updatedAt: string;
}

/** What `messageStorage={{ type: "custom", adapter }}` takes. The server knows whose threads are asked for, so no `userId` is sent. */
export interface CedarStorage {
  listThreads(userId: string): Promise<CedarThread[]>;
  loadMessages(userId: string, threadId: string): Promise<never[]>;
  persistMessage<Message>(userId: string, threadId: string, message: Message): Promise<Message>;
  createThread<Thread extends CedarThread>(userId: string, threadId: string, thread: Thread): Promise<Thread>;
  updateThread<Thread extends CedarThread>(userId: string, threadId: string, thread: Thread): Promise<Thread>;
  deleteThread(userId: string, threadId: string): Promise<undefined>;
}

interface ServerThread {
  readonly id: string;
  readonly title?: string;
  readonly updatedAt: string;
}

const PAGE_SIZE = 100;
const NO_TITLE = "Chat";
/** An agent without memory keeps no titles; Cedar would show an error for every message of a thread whose title is refused. */
const NOT_SUPPORTED = 422;

/**
 * A storage for Cedar's messages that keeps nothing itself: the server has the conversations, and stores what was said when it was said, once.
 * A thread that is new is on the server from its first message on.
 *
 * @example
 * <CedarCopilot userId="ann" messageStorage={{ type: "custom", adapter: cedarStorage({ baseURL, token }) }} …>
 */
export function cedarStorage(options: CedarStorageOptions): CedarStorage {
  const server = new Server(options);
  /** Threads that the page made and the server may not have yet, and the titles that Cedar was told of all. */
  const made = new Map<string, CedarThread>();
  const titles = new Map<string, string>();
  /** New titles of threads that the server did not have yet. */
  const untold = new Map<string, string>();

  const renamed = async (thread: CedarThread): Promise<CedarThread> => {
    const title = untold.get(thread.id);
    // The list is of use without it, and the next one tells the title again.
    if (title === undefined || !(await server.rename(thread.id, title).catch(() => false))) return thread;
    untold.delete(thread.id);
    return { ...thread, title };
  };

  return {
    async listThreads() {
      const kept = await Promise.all((await server.threads()).map(renamed));
      for (const { id, title } of kept) {
        made.delete(id);
        titles.set(id, title);
      }
      return [...made.values(), ...kept];
    },
    async loadMessages(_userId, threadId) {
      // Asked first: an answer that ends in between is among the messages, or is still shown as one under way.
      const open = await server.open(threadId);
      const kept = await server.messages(open.threadId);
      const answers = await server.missed(open, kept);
      // The chat shows them as soon as it is handed them.
      setTimeout(() => void options.onLoaded?.(threadId, answers));
      return kept.flatMap(shownMessages) as never[];
    },
    async persistMessage(_userId, _threadId, message) {
      return message;
    },
    async createThread(_userId, threadId, thread) {
      made.set(threadId, thread);
      titles.set(threadId, thread.title);
      return thread;
    },
    async updateThread(_userId, threadId, thread) {
      // Cedar calls this after every message, and calls a thread that has not been listed yet by what the message says.
      const known = titles.get(threadId);
      if (known === undefined || known === thread.title) return thread;
      if (await server.rename(threadId, thread.title)) untold.delete(threadId);
      else untold.set(threadId, thread.title);
      titles.set(threadId, thread.title);
      if (made.has(threadId)) made.set(threadId, thread);
      return thread;
    },
    async deleteThread(_userId, threadId) {
      made.delete(threadId);
      titles.delete(threadId);
      untold.delete(threadId);
      await server.delete(threadId);
      return undefined;
    },
  };
}

class Server {
  readonly #options: CedarStorageOptions;

  constructor(options: CedarStorageOptions) {
    this.#options = options;
  }

  async threads(): Promise<readonly CedarThread[]> {
    const threads: CedarThread[] = [];
    let cursor: string | undefined;
    do {
      const query = `limit=${PAGE_SIZE}${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
      const answer = await this.#send(`/v1/threads?${query}`);
      const page = (await answer.json()) as { readonly threads: readonly ServerThread[]; readonly nextCursor?: string };
      threads.push(...page.threads.map(({ id, title, updatedAt }) => ({ id, title: title || NO_TITLE, updatedAt })));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return threads;
  }

  async open(threadId: string): Promise<OpenThread> {
    return (await (await this.#send(`/api/chat${openThreadPath(threadId)}`)).json()) as OpenThread;
  }

  /** Of the answers that were under way before the messages were loaded, those that are not among them. */
  async missed({ threadId, answers }: OpenThread, kept: readonly KeptMessage[]): Promise<readonly CedarAnswer[]> {
    const later = answers.some(({ isOfWorkflow }) => isOfWorkflow) ? (await this.open(threadId)).answers : [];
    return answers.filter(({ runs, isOfWorkflow }) => {
      const last = runs.at(-1);
      return isOfWorkflow ? later.some((answer) => answer.runs.at(-1) === last) : !kept.some(({ metadata }) => metadata?.runId === last);
    });
  }

  async messages(threadId: string): Promise<readonly KeptMessage[]> {
    const answer = await this.#send(`/api/chat/${encodeURIComponent(threadId)}/messages`, {}, 404);
    return answer.status === 404 ? [] : ((await answer.json()) as { readonly messages: readonly KeptMessage[] }).messages;
  }

  /** Whether the server has the thread. */
  async rename(threadId: string, title: string): Promise<boolean> {
    const headers = { "Content-Type": "application/json" };
    const { status } = await this.#send(
      `/v1/threads/${encodeURIComponent(threadId)}`,
      { method: "PATCH", headers, body: JSON.stringify({ title }) },
      404,
      NOT_SUPPORTED,
    );
    return status !== 404;
  }

  async delete(threadId: string): Promise<void> {
    await this.#send(`/v1/threads/${encodeURIComponent(threadId)}`, { method: "DELETE" }, 404);
  }

  async #send(path: string, init: RequestInit = {}, ...accepted: readonly number[]): Promise<Response> {
    const { baseURL, token = "", fetch = globalThis.fetch } = this.#options;
    const answer = await authorizedFetch(fetch, token)(`${baseURL.replace(/\/+$/, "")}${path}`, init);
    if (answer.ok || accepted.includes(answer.status)) return answer;
    throw new Error(`The server answered ${answer.status} to ${init.method ?? "GET"} ${path}.`);
  }
}
