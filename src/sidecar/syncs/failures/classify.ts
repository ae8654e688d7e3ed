/**
 * Decides what kind of failure it was. Pure. Its messages are made from known parts: whatever Airbyte, a connector or a
 * provider has written only chooses among them.
 */
import { type ErrorCode, TenantryError } from '../../../errors.ts';
import type { Classify, Failure } from '../runner.ts';
import type { FailureClass } from '../syncs.ts';
import type { Cause } from './cause.ts';
import { classOfError } from './codes.ts';
import { classOfText, namesIn, statusIn, waitIn } from './patterns.ts';
import type { ProviderSays } from './provider-says.ts';
import { MOST_WAIT_SECONDS } from './retry.ts';
import { wordsFor } from './texts.ts';

export type ClassifyInput = Parameters<Classify>[0] & {
  /** What a cheap call to the provider told after the failure. */
  readonly provider?: ProviderSays;
  /** Settings and streams that may be named when a text names them. */
  readonly settings?: readonly string[];
  readonly streams?: readonly string[];
};

const CODE: Readonly<Record<FailureClass, ErrorCode>> = {
  token: 'ProviderRejected',
  rate_limit: 'RateLimited',
  airbyte: 'AirbyteError',
  provider: 'ProviderUnavailable',
  configuration: 'AirbyteRejected',
  schema: 'Blocked',
  stuck: 'TimedOut',
  connector: 'AirbyteError',
};

/** A wait decides when the next try is in these classes only. */
const WAITS: ReadonlySet<FailureClass> = new Set(['rate_limit', 'provider', 'airbyte']);

/** Never throws. The error of the answer keeps what was given as its cause, for the operator's log. */
export function classify(input: ClassifyInput): Failure {
  const { error, job } = input;
  const cause = withinBounds(causeOf(input));
  const { message, nextStep } = wordsFor(cause);
  const wait = cause.retryAfterSeconds;
  const raw = error ?? (job?.message === undefined ? undefined : new Error(job.message));
  return {
    class: cause.class,
    error: new TenantryError(cause.code, message, {
      hint: nextStep,
      ...(raw && { cause: raw }),
      ...(wait !== undefined && { retryAfterSeconds: wait }),
    }),
    ...(wait !== undefined && { retryAfterSeconds: wait }),
  };
}

/** True when error or job tell enough, so that the provider need not be asked. */
export function isTold({ error, job, isStuck }: ClassifyInput): boolean {
  return isStuck === true || error !== undefined || classOfText(job?.message) !== undefined;
}

function causeOf(input: ClassifyInput): Cause {
  const { error, job, isStuck, provider, name = input.integration } = input;
  if (isStuck) return { class: 'stuck', code: CODE.stuck, name };
  if (error) return ofError(error, input, name);
  const told = classOfText(job?.message);
  if (told) return { class: told, code: CODE[told], name, ...partsOf(job?.message, input) };
  return provider ? ofProvider(provider, name) : { class: 'connector', code: CODE.connector, name };
}

function ofError(error: TenantryError, input: ClassifyInput, name: string): Cause {
  const found = classOfError(error);
  const parts = partsOf(error.message, input);
  const wait = error.retryAfterSeconds ?? parts.retryAfterSeconds;
  return {
    ...parts,
    class: found,
    code: found === 'rate_limit' ? CODE.rate_limit : error.code,
    name,
    ...(wait !== undefined && { retryAfterSeconds: wait }),
  };
}

function ofProvider({ says, ...facts }: ProviderSays, name: string): Cause {
  const known = { name, ...facts };
  if (says === 'refuses') return { ...known, class: 'token', code: CODE.token };
  if (says === 'limits') return { ...known, class: 'rate_limit', code: CODE.rate_limit };
  if (says === 'fails') return { ...known, class: 'provider', code: CODE.provider };
  if (says === 'forbids') return { ...known, class: 'configuration', code: 'ScopesMissing' };
  return { class: 'connector', code: CODE.connector, name, isProviderWell: says === 'accepts' };
}

type Parts = Pick<Cause, 'status' | 'settings' | 'streams' | 'retryAfterSeconds'>;

function partsOf(text: string | undefined, { settings = [], streams = [] }: ClassifyInput): Parts {
  const status = statusIn(text);
  const wait = waitIn(text);
  return {
    ...(status !== undefined && { status }),
    settings: namesIn(text, settings),
    streams: namesIn(text, streams),
    ...(wait !== undefined && { retryAfterSeconds: wait }),
  };
}

/** A wait is told only where it counts, and never for longer than the next try waits. */
function withinBounds({ retryAfterSeconds: wait, ...cause }: Cause): Cause {
  if (!WAITS.has(cause.class) || wait === undefined || !Number.isFinite(wait) || wait < 0) return cause;
  return { ...cause, retryAfterSeconds: Math.min(Math.ceil(wait), MOST_WAIT_SECONDS) };
}
