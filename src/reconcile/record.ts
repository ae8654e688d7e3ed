/** Keeps how each resource of a run ended, and tells the listener. */
import type { Listener, Outcome, ResourceResult } from './events.ts';

type Named = Pick<ResourceResult, 'id' | 'kind' | 'name' | 'tenant' | 'integration'>;

export class RunRecord {
  readonly results: ResourceResult[] = [];
  readonly #byId = new Map<string, ResourceResult>();
  readonly #total: number;
  readonly #onEvent: Listener | undefined;

  /** @param total how many results there will be */
  constructor(total: number, onEvent: Listener | undefined) {
    this.#total = total;
    this.#onEvent = onEvent;
  }

  of(id: string): ResourceResult | undefined {
    return this.#byId.get(id);
  }

  add(
    { id, kind, name, tenant, integration }: Named,
    outcome: Outcome,
    more: Pick<ResourceResult, 'waiting' | 'problem'> = {},
  ): void {
    const result: ResourceResult = {
      id,
      kind,
      name,
      tenant,
      integration,
      outcome,
      ...(more.waiting ? { waiting: more.waiting } : {}),
      ...(more.problem ? { problem: more.problem } : {}),
    };
    this.results.push(result);
    this.#byId.set(id, result);
    this.#onEvent?.({ type: 'finished', result, done: this.results.length, total: this.#total });
  }
}
