import type { Mastra } from "@mastra/core/mastra";
import type { MastraMemory, StorageThreadType } from "@mastra/core/memory";
import type { RequestContext } from "@mastra/core/request-context";
import type { StoredMessage, ThreadChange, ThreadDirectory, ThreadRecord } from "../core/agent-source.ts";
import type { JsonObject } from "../core/json.ts";
import { agentOf, listAgents } from "./agents.ts";
import { toJson } from "./json-value.ts";
import { isWorkflow } from "./workflows.ts";
import { uiMessage } from "./thread-messages.ts";

/** Thread metadata in which Mastra keeps what its memory features know; a client could steer the model by writing it. */
const INTERNAL_METADATA: ReadonlySet<string> = new Set(["mastra", "workingMemory"]);

/** As many as Mastra's own server gives where nobody says how many. */
const STORED_PER_PAGE = 40;

/** Told of the memory of an agent that could not be asked for a thread. */
export type MemoryFailure = (agentId: string, error: unknown) => void;

type StoredMessages = Awaited<ReturnType<MastraMemory["recall"]>>["messages"];

/**
 * The conversations of a resource in the memory that each agent of a Mastra instance chooses for a request context.
 * @throws {HoldfastError} AGENT_NOT_FOUND from every method that names one, for an agent that is not registered
 */
export function mastraThreads(mastra: Mastra, requestContext: RequestContext, owner: string, onFailure?: MemoryFailure): ThreadDirectory {
  const memoryOf = async (agentId: string): Promise<MastraMemory | undefined> =>
    isWorkflow(mastra, agentId) ? undefined : agentOf(mastra, agentId).getMemory({ requestContext });
  const ownThread = async (agentId: string, threadId: string): Promise<OwnThread | undefined> => {
    const memory = await memoryOf(agentId);
    const thread = await memory?.getThreadById({ threadId });
    return memory && thread?.resourceId === owner ? { memory, thread } : undefined;
  };
  return {
    hasMemory: async (agentId) => (await memoryOf(agentId)) !== undefined,
    find: (threadId) => findThread(mastra, requestContext, threadId, onFailure),
    async get(agentId, threadId) {
      const own = await ownThread(agentId, threadId);
      return own && recordOf(own.thread);
    },
    async create(agentId, { id, resourceId, title, metadata }) {
      const memory = await memoryOf(agentId);
      const fields = { ...(title !== undefined && { title }), ...(metadata && { metadata: withoutInternal(metadata) }) };
      return memory && recordOf(await memory.createThread({ threadId: id, resourceId, ...fields }));
    },
    async list(agentId, resourceId) {
      const memory = await memoryOf(agentId);
      if (memory === undefined) return [];
      const { threads } = await memory.listThreads({ filter: { resourceId }, perPage: false });
      return threads.map(recordOf);
    },
    async storedMessages(agentId, threadId, { page = 0, perPage = STORED_PER_PAGE }) {
      const own = await ownThread(agentId, threadId);
      const recalled = await own?.memory.recall({ threadId, resourceId: owner, page, perPage });
      return (recalled?.messages ?? []).map(storedMessage);
    },
    update: (agentId, threadId, change) =>
      inTurn(mastra, threadId, async () => {
        // Mastra throws for a thread that does not exist.
        const own = await ownThread(agentId, threadId);
        return own && changed(own, change);
      }),
    delete: (agentId, threadId) =>
      inTurn(mastra, threadId, async () => {
        const own = await ownThread(agentId, threadId);
        if (own) await own.memory.deleteThread(threadId);
      }),
    async messages(agentId, threadId, resourceId) {
      const own = await ownThread(agentId, threadId);
      if (own === undefined || own.thread.resourceId !== resourceId) return [];
      return (await storedMessages(own.memory, threadId, resourceId)).map(uiMessage).filter((message) => message !== undefined);
    },
  };
}

interface OwnThread {
  readonly memory: MastraMemory;
  readonly thread: StorageThreadType;
}

/**
 * Asks the memory of every agent, those that share a storage once. One that cannot be asked keeps nobody from threads that others keep: what runs
 * on a thread of its own checks the owner once more.
 */
async function findThread(
  mastra: Mastra,
  requestContext: RequestContext,
  threadId: string,
  onFailure: MemoryFailure | undefined,
): ReturnType<ThreadDirectory["find"]> {
  const asked = new Map<unknown, Promise<StorageThreadType | null>>();
  const ask = async (agentId: string): Promise<Awaited<ReturnType<ThreadDirectory["find"]>>> => {
    try {
      const memory = await agentOf(mastra, agentId).getMemory({ requestContext });
      if (memory === undefined) return undefined;
      // Mastra wraps a storage anew for each memory; what is in it stays one.
      const store = await memory.storage.getStore("memory");
      const known = asked.get(store) ?? memory.getThreadById({ threadId });
      asked.set(store, known);
      const thread = await known;
      return thread ? { agentId, thread: recordOf(thread) } : undefined;
    } catch (error) {
      onFailure?.(agentId, error);
      return undefined;
    }
  };
  const found = await Promise.all(listAgents(mastra).map(({ id }) => ask(id)));
  return found.find((thread) => thread !== undefined);
}

async function changed({ memory, thread }: OwnThread, change: ThreadChange): Promise<ThreadRecord | "stale"> {
  if (change.ifUpdatedAt !== undefined && new Date(thread.updatedAt).getTime() > change.ifUpdatedAt) return "stale";
  // Mastra's stores put it over what they have; what was read here may be old: the working memory of a thread stands in it.
  const metadata = change.metadata && withoutInternal(change.metadata);
  // An update without a field leaves it as it is.
  const fields = { ...(change.title !== undefined && { title: change.title }), ...(metadata && { metadata }) };
  if (Object.keys(fields).length === 0) return recordOf(thread);
  await isPast(new Date(thread.updatedAt).getTime());
  return recordOf(await memory.updateThread({ id: thread.id, ...fields }));
}

/**
 * Waits for the millisecond behind a time: threads are told apart by the one of their last change. A clock that is ahead elsewhere is
 * not waited for.
 */
async function isPast(timeMs: number): Promise<void> {
  for (let turns = 0; turns < 5 && Date.now() <= timeMs; turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** The change of each thread that is under way, by the instance whose thread it is. */
const UNDER_WAY = new WeakMap<Mastra, Map<string, Promise<unknown>>>();

/** Makes the changes of one thread one after another: two that read it and write it back would lose one of them. */
async function inTurn<Result>(mastra: Mastra, threadId: string, change: () => Promise<Result>): Promise<Result> {
  const changes = UNDER_WAY.get(mastra) ?? new Map<string, Promise<unknown>>();
  UNDER_WAY.set(mastra, changes);
  const before = changes.get(threadId) ?? Promise.resolve();
  const own = before.then(change, change);
  changes.set(threadId, own);
  try {
    return await own;
  } finally {
    if (changes.get(threadId) === own) changes.delete(threadId);
  }
}

function storedMessage({ id, role, content, threadId, createdAt }: StoredMessages[number]): StoredMessage {
  return { id, role, content: toJson(content), threadId: threadId ?? "", createdAt: new Date(createdAt).getTime() };
}

async function storedMessages(memory: MastraMemory, threadId: string, resourceId: string): Promise<StoredMessages> {
  const all: StoredMessages = [];
  for (let page = 0; ; page += 1) {
    const { messages, hasMore } = await memory.recall({ threadId, resourceId, perPage: false, page, orderBy: { field: "createdAt", direction: "ASC" } });
    all.push(...messages);
    // A store that knows no `perPage: false` gives page after page.
    if (!hasMore || messages.length === 0) return all;
  }
}

function recordOf(thread: StorageThreadType): ThreadRecord {
  const metadata = withoutInternal(toJson(thread.metadata ?? {}) as JsonObject);
  return {
    id: thread.id,
    resourceId: thread.resourceId,
    ...(thread.title !== undefined && thread.title !== "" && { title: thread.title }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    createdAt: new Date(thread.createdAt).getTime(),
    updatedAt: new Date(thread.updatedAt).getTime(),
  };
}

function withoutInternal(metadata: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !INTERNAL_METADATA.has(key)));
}
