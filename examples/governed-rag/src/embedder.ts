import { ModelRouterEmbeddingModel } from "@mastra/core/llm";
import { wordsOf } from "./words.ts";

/** Turns texts into vectors. */
export interface Embedder {
  /** Part of the name of the index: vectors of two embedders are never compared. Letters, digits and underscores. */
  readonly id: string;
  readonly dimension: number;
  /** A passage less similar to the question than this has nothing to do with it, unless it has words of the question. */
  readonly minScore: number;
  embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
}

/** The first key that is set decides; without one, the embedder needs nobody. */
const REAL_EMBEDDERS = [
  { key: "OPENAI_API_KEY", model: "openai/text-embedding-3-small", id: "openai_3_small", dimension: 1536 },
  { key: "GOOGLE_GENERATIVE_AI_API_KEY", model: "google/gemini-embedding-001", id: "gemini_001", dimension: 3072 },
] as const;

export function embedder(env: NodeJS.ProcessEnv): Embedder {
  const real = REAL_EMBEDDERS.find(({ key }) => env[key]);
  if (real === undefined) return hashedEmbedder();
  const model = new ModelRouterEmbeddingModel(real.model);
  return {
    id: real.id,
    dimension: real.dimension,
    minScore: 0.4,
    embed: async (texts) => (await model.doEmbed({ values: [...texts] })).embeddings,
  };
}

const DIMENSION = 512;

/** Words and their pieces of three letters, each counted at the place that its hash gives. The same text gives the same vector, everywhere. */
export function hashedEmbedder(): Embedder {
  return { id: `hashed_${DIMENSION}`, dimension: DIMENSION, minScore: 1, embed: async (texts) => texts.map(hashedVector) };
}

function hashedVector(text: string): readonly number[] {
  const vector = Array.from({ length: DIMENSION }, () => 0);
  for (const [gram, weight] of gramsOf(text)) {
    const hash = fnv1a(gram);
    const place = hash % DIMENSION;
    vector[place] = (vector[place] ?? 0) + (hash & 0x8000_0000 ? -weight : weight);
  }
  const length = Math.hypot(...vector);
  // A text without words is similar to nothing; a vector of zeros has no direction at all.
  if (length === 0) return vector.with(0, 1);
  return vector.map((value) => value / length);
}

function* gramsOf(text: string): Generator<readonly [gram: string, weight: number]> {
  for (const word of wordsOf(text)) {
    yield [`w:${word}`, 1];
    const padded = `^${word}$`;
    for (let start = 0; start + 3 <= padded.length; start += 1) yield [padded.slice(start, start + 3), 0.25];
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
