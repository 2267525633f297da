import { day } from '../../runtime/clock.ts';
import type { Counters, GuardStore } from '../store/store.ts';

/** How many days are looked back at, today among them: all that count, and those whose traffic may still be in a budget. */
export const allDays = 8;
export const recentDays = 2;

// A reading of today is used again for so long, in milliseconds, and a count is kept back for so long: what a container
// knows of the others is late by the sum.
const readingLife = 3_000;
const writeEvery = 2_000;
// Containers' late writes to a day that is over have arrived by then.
const settledAfter = 60_000;
const maxReadings = 2_000;

/** What is counted together: a country, or the numbers that share a beginning. */
export interface Counted {
  readonly key: string;
  /** Items that the counts are spread over, so that no single one is hot. */
  readonly shards: number;
  /**
   * What makes a count wait for others to be written with: that its kind was just written, or, where one more or less
   * does not matter, always. A container's last counts wait for its next request, and are lost where none comes.
   */
  readonly waits: 'after a write' | 'always';
}

/** What the counts are kept with. */
export interface CountsParts {
  readonly store: Pick<GuardStore, 'add' | 'counters'>;
  /** A number from 0 up to 1, not 1 itself. */
  readonly random: () => number;
  /** Told each time counts could not be read or were lost. */
  readonly onFailure: (doing: 'read' | 'write') => void;
}

interface Kept {
  readonly counted: Counted;
  readonly date: number;
  readonly amounts: Record<string, number>;
  /** When the first of them was counted. */
  readonly since: number;
}

/** The sum of counters, name by name. */
export const sum = (all: readonly Counters[]): Counters => {
  const total: Record<string, number> = {};
  for (const counters of all)
    for (const [name, count] of Object.entries(counters)) total[name] = (total[name] ?? 0) + count;
  return total;
};

const itemKey = (key: string, date: number, shard: number): string => `${key}#${date}#${shard}`;

/**
 * Counts by day, shared between containers. Each adds to its own sums first and writes them out now and then, one
 * write for all that came together; nothing is ever read in order to be written.
 */
export class PumpingCounts {
  readonly #parts: CountsParts;
  readonly #readings = new Map<string, { readonly counters: Counters; readonly at: number }>();
  readonly #kept = new Map<string, Kept>();
  readonly #writtenAt = new Map<string, number>();

  constructor(parts: CountsParts) {
    this.#parts = parts;
  }

  /** The counts of so many days, today first, for each that is asked for. Never throws. */
  async read(all: readonly Counted[], now: number, days: number): Promise<readonly (readonly Counters[])[]> {
    if (this.#readings.size > maxReadings) this.#readings.clear();
    const today = Math.floor(now / day);
    const stale: string[] = [];
    for (const { key, shards } of all)
      for (let date = today; date > today - days; date -= 1)
        for (let shard = 0; shard < shards; shard += 1) {
          const item = itemKey(key, date, shard);
          if (!this.#isFresh(item, date, now)) stale.push(item);
        }
    await this.#refresh(stale, now);
    const read: (readonly Counters[])[] = [];
    for (const counted of all) read.push(this.#countsOf(counted, today, days));
    return read;
  }

  /** Adds one to a count of today. */
  count(counted: Counted, name: string, now: number): void {
    const date = Math.floor(now / day);
    const id = `${counted.key}#${date}`;
    const kept = this.#kept.get(id) ?? { counted, date, amounts: {}, since: now };
    kept.amounts[name] = (kept.amounts[name] ?? 0) + 1;
    this.#kept.set(id, kept);
  }

  /** Writes out what is due. Never throws: what can't be written is lost, for it may have been written. */
  async flush(now: number): Promise<void> {
    for (const [id, at] of this.#writtenAt) if (now - at >= writeEvery) this.#writtenAt.delete(id);
    const writing: Promise<void>[] = [];
    for (const [id, kept] of this.#kept) {
      const { counted, since } = kept;
      const isDue = counted.waits === 'always' ? now - since >= writeEvery : !this.#writtenAt.has(id);
      if (isDue) writing.push(this.#write(id, kept, now));
    }
    await Promise.all(writing);
  }

  async #write(id: string, { amounts, counted, date }: Kept, now: number): Promise<void> {
    this.#kept.delete(id);
    this.#writtenAt.set(id, now);
    const key = itemKey(counted.key, date, Math.floor(this.#parts.random() * counted.shards));
    try {
      const counters = await this.#parts.store.add(key, amounts, {}, (date + allDays + 1) * day);
      // As old as it was, so that all shards are read again at once.
      this.#readings.set(key, { counters: counters ?? {}, at: this.#readings.get(key)?.at ?? now });
    } catch {
      this.#parts.onFailure('write');
    }
  }

  #isFresh(item: string, date: number, now: number): boolean {
    const at = this.#readings.get(item)?.at;
    return at !== undefined && (at >= (date + 1) * day + settledAfter || now - at < readingLife);
  }

  async #refresh(items: readonly string[], now: number): Promise<void> {
    if (items.length === 0) return;
    try {
      const read = await this.#parts.store.counters(items);
      for (const [at, item] of items.entries())
        this.#readings.set(item, { counters: read[at] ?? {}, at: now });
    } catch {
      this.#parts.onFailure('read');
    }
  }

  /** What was written of so many days, today first, and what is kept back. */
  #countsOf({ key, shards }: Counted, today: number, days: number): readonly Counters[] {
    const counts: Counters[] = [];
    for (let date = today; date > today - days; date -= 1) {
      const parts: Counters[] = [];
      for (let shard = 0; shard < shards; shard += 1)
        parts.push(this.#readings.get(itemKey(key, date, shard))?.counters ?? {});
      counts.push(sum([...parts, this.#kept.get(`${key}#${date}`)?.amounts ?? {}]));
    }
    return counts;
  }
}
