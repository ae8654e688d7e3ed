/** Keys with the time at which each is due: the earliest is found at once, a change costs O(log n). */

interface Entry {
  readonly key: string;
  at: number;
  /** Of two that are due at the same time, the one that was put in first comes first. */
  readonly order: number;
}

/** A binary heap that knows where each key stands, so that no key is in it twice. */
export class DelayHeap {
  readonly #entries: Entry[] = [];
  readonly #places = new Map<string, number>();
  #order = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** Undefined when nothing is delayed. */
  get earliest(): number | undefined {
    return this.#entries[0]?.at;
  }

  /** Of several times for the same key the earliest counts. */
  put(key: string, at: number): void {
    const place = this.#places.get(key);
    const known = place === undefined ? undefined : this.#entries[place];
    if (place === undefined || known === undefined) {
      this.#entries.push({ key, at, order: this.#order++ });
      this.#up(this.#entries.length - 1);
    } else if (at < known.at) {
      known.at = at;
      this.#up(place);
    }
  }

  /** Takes out the earliest key that is due at that time; undefined when there is none. */
  takeDue(now: number): string | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#entries.pop();
    this.#places.delete(first.key);
    if (last !== undefined && last !== first) {
      this.#entries[0] = last;
      this.#down(0);
    }
    return first.key;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#places.clear();
  }

  #up(start: number): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) break;
      this.#swap(place, parent);
      place = parent;
    }
    this.#note(place);
  }

  #down(start: number): void {
    let place = start;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, place)) break;
      this.#swap(place, child);
      place = child;
    }
    this.#note(place);
  }

  /** A place past the end is before none. */
  #isBefore(one: number, other: number): boolean {
    const a = this.#entries[one];
    const b = this.#entries[other];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const a = this.#entries[one];
    const b = this.#entries[other];
    if (a === undefined || b === undefined) return;
    this.#entries[one] = b;
    this.#entries[other] = a;
    this.#note(one);
    this.#note(other);
  }

  #note(place: number): void {
    const entry = this.#entries[place];
    if (entry !== undefined) this.#places.set(entry.key, place);
  }
}
