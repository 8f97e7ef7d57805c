import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
/** What GCM is specified for. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps from every reader of a run what its steps hand on to each other. What a step returns is in the log, which the owner of the run follows while
 * it goes on; a crash must not lose it either, so it is in the log as nobody but the server can read it.
 */
export class DraftSeal {
  readonly #key: Buffer;

  /** `secret`: the one of the tokens; the key is another one, made of it. */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync("sha256", secret, "", "governed-rag draft", KEY_BYTES));
  }

  /** `about`: what the value belongs to. */
  close(value: unknown, about: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about));
    const text = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64url");
  }

  /** @throws where it was not closed by this server about the same */
  open(sealed: string, about: string): unknown {
    const bytes = Buffer.from(sealed, "base64url");
    const [nonce, tag, text] = [
      bytes.subarray(0, NONCE_BYTES),
      bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES),
      bytes.subarray(NONCE_BYTES + TAG_BYTES),
    ];
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(about)).setAuthTag(tag);
    return JSON.parse(Buffer.concat([decipher.update(text), decipher.final()]).toString("utf8"));
  }
}
