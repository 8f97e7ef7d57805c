import { createHash } from "node:crypto";
import { LibSQLVector } from "@mastra/libsql";
import { z } from "zod";
import { CLASSIFICATIONS, type Access } from "./access.ts";
import type { Document } from "./corpus.ts";
import type { Embedder } from "./embedder.ts";

const metadata = z.object({
  passageId: z.string(),
  docId: z.string(),
  source: z.string(),
  title: z.string(),
  text: z.string(),
  tenantTag: z.string(),
  roleTags: z.array(z.string()),
  classification: z.enum(CLASSIFICATIONS),
});

/** A piece of a document, with the labels of its document. */
export type Passage = z.infer<typeof metadata>;
export type ScoredPassage = Passage & { readonly score: number };

/** A similarity is -1 at least, and the store leaves out what is not above its bound. */
const BELOW_ALL_SCORES = -2;

const NAME_PREFIX = "documents_";

type Filter = NonNullable<Parameters<LibSQLVector["query"]>[0]["filter"]>;

/** The passages of all documents, with their vectors. Every search is on behalf of somebody; there is none without a filter. */
export class DocumentIndex {
  readonly #vectors: LibSQLVector;
  readonly #name: string;
  readonly embedder: Embedder;

  private constructor(vectors: LibSQLVector, embedder: Embedder) {
    this.#vectors = vectors;
    this.embedder = embedder;
    this.#name = `${NAME_PREFIX}${embedder.id}`;
  }

  /** `url`: of a LibSQL database, such as `file:index.db`. */
  static async open(url: string, embedder: Embedder): Promise<DocumentIndex> {
    const index = new DocumentIndex(new LibSQLVector({ id: "governed-rag", url }), embedder);
    await index.#vectors.createIndex({ indexName: index.#name, dimension: embedder.dimension });
    return index;
  }

  /**
   * Makes the index hold these documents and no others, under their labels of now. Indexes of other embedders are dropped: the labels in them are of
   * another day.
   */
  async replace(documents: readonly Document[]): Promise<number> {
    const passages = documents.flatMap(passagesOf);
    const ids = passages.map(({ passageId }) => passageId);
    const vectors = await this.embedder.embed(passages.map(({ title, text }) => `${title}\n${text}`));
    const stale = (await this.#vectors.listIndexes()).filter((name) => name.startsWith(NAME_PREFIX) && name !== this.#name);
    for (const indexName of stale) await this.#vectors.deleteIndex({ indexName });
    const others = { $or: [{ passageId: { $exists: false } }, { passageId: { $nin: ["", ...ids] } }] } as Filter;
    await this.#vectors.deleteVectors({ indexName: this.#name, filter: others });
    if (passages.length > 0) await this.#vectors.upsert({ indexName: this.#name, ids, vectors: vectors.map((vector) => [...vector]), metadata: passages });
    return passages.length;
  }

  async size(): Promise<number> {
    return (await this.#vectors.describeIndex({ indexName: this.#name })).count;
  }

  /** The passages nearest to the question among those that the access allows. */
  search(question: string, access: Access, topK: number): Promise<readonly ScoredPassage[]> {
    return this.#query(question, filterOf(access), topK);
  }

  /** The passages nearest to the question among those that the access does not allow. For the audit trail; never for a model. */
  searchRefused(question: string, access: Access, topK: number): Promise<readonly ScoredPassage[]> {
    return this.#query(question, { $nor: [filterOf(access)] }, topK);
  }

  /**
   * Of these passages those that are there and that the access allows, in the order of the ids: a passage that is asked for by its id goes through the
   * same filter as one that is searched for.
   */
  async passages(passageIds: readonly string[], access: Access): Promise<readonly Passage[]> {
    if (passageIds.length === 0) return [];
    const filter = { $and: [filterOf(access), { passageId: { $in: [...passageIds] } }] } as Filter;
    // What is near to what does not matter here; the store only asks for some direction.
    const queryVector = Array.from({ length: this.embedder.dimension }, (_, place) => Number(place === 0));
    const results = await this.#vectors.query({ indexName: this.#name, queryVector, topK: passageIds.length, filter, minScore: BELOW_ALL_SCORES });
    const found = new Map(results.flatMap(passageOf).map((passage) => [passage.passageId, passage]));
    return passageIds.flatMap((id) => found.get(id) ?? []);
  }

  async close(): Promise<void> {
    await this.#vectors.close();
  }

  async #query(question: string, filter: Filter, topK: number): Promise<readonly ScoredPassage[]> {
    const [vector = []] = await this.embedder.embed([question]);
    const results = await this.#vectors.query({ indexName: this.#name, queryVector: [...vector], topK, filter });
    return results.flatMap((result) => passageOf(result).map((passage) => ({ ...passage, score: result.score })));
  }
}

/** Nothing where the labels are not such as this index gives: whatever put it there, nobody has classified it. */
function passageOf(result: { readonly metadata?: unknown }): readonly Passage[] {
  const { success, data } = metadata.safeParse(result.metadata);
  return success ? [data] : [];
}

/** Tells whether a passage is the same as it was, with its labels. */
export function printOf({ passageId, source, text, tenantTag, roleTags, classification }: Passage): string {
  const told = JSON.stringify([passageId, source, text, tenantTag, roleTags, classification]);
  return createHash("sha256").update(told).digest("base64url");
}

/** Becomes a WHERE of the query. It is made of the access alone: nothing that a user or a model says gets into it. */
export function filterOf({ tenantTag, roleTags, classifications }: Access): Filter {
  return { $and: [{ tenantTag: { $eq: tenantTag } }, { roleTags: { $in: [...roleTags] } }, { classification: { $in: [...classifications] } }] };
}

/** One passage for each section; what stands before the first heading of a section goes with the title. */
function passagesOf({ id, text, roleTags, ...rest }: Document): readonly Passage[] {
  return text
    .split(/^(?=## )/m)
    .map((section) => section.trim())
    .filter((section) => section !== "")
    .map((section, position) => ({ ...rest, roleTags: [...roleTags], docId: id, passageId: `${id}#${position}`, text: section }));
}
