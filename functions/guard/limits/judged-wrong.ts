/** How many checks that were judged wrong are remembered; beyond that all are forgotten. */
const maxJudged = 1_000;

/**
 * The checks that this container saw judged wrong. A repeated one is answered at once: only a code that may yet prove
 * right is worth a wait, which costs time and reads.
 */
export class JudgedWrong {
  readonly #ids = new Set<string>();

  /** Remembers a check by its id. */
  add(id: string): void {
    if (this.#ids.size >= maxJudged) this.#ids.clear();
    this.#ids.add(id);
  }

  /** Whether a check was judged wrong here. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }
}
