/** Calls a task again and again, one call at a time, a fixed pause after each; a call can be asked for at once. */
export class Heartbeat {
  readonly #pauseMs: number;
  readonly #task: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #isAskedAgain = false;
  #isOpen = false;

  /** `task` must not throw. */
  constructor(pauseMs: number, task: () => Promise<void>) {
    this.#pauseMs = pauseMs;
    this.#task = task;
  }

  open(): void {
    this.#isOpen = true;
    this.beatSoon();
  }

  /** Beats at once, or once more after the beat that is under way. */
  beatSoon(): void {
    if (!this.#isOpen) return;
    if (this.#beating) {
      this.#isAskedAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#beating = this.#task().then(() => {
      this.#beating = undefined;
      if (!this.#isOpen) return;
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        this.beatSoon();
        return;
      }
      this.#timer = setTimeout(() => this.beatSoon(), this.#pauseMs);
    });
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    await this.#beating;
  }
}
