/** What all routes share. */
import type { FastifyInstance } from 'fastify';
import type { Jobs } from './jobs.ts';
import type { Actor, State } from './state.ts';
import type { Tokens } from './tokens.ts';

export interface Emulator {
  readonly state: State;
  readonly tokens: Tokens;
  readonly jobs: Jobs;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Base of the API, for the links of lists. */
  readonly url: () => string;
  /** Waits for a discovery that is not cached. */
  readonly discovered: (source: Actor) => Promise<void>;
  /** Every change ends with this call, so that the file is written. */
  readonly changed: () => void;
}

export type Routes = (app: FastifyInstance, emulator: Emulator) => void;

/** Shapes of the requests, for fastify's types. */
export interface ById {
  readonly Params: { readonly id: string };
}
export interface ByQuery {
  readonly Querystring: Readonly<Record<string, string | string[] | undefined>>;
}
