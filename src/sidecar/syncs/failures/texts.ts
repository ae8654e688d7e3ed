/** A failure in plain words, made from known parts only: what happened, and what a person can do. */
import type { ErrorCode } from '../../../errors.ts';
import type { FailureClass } from '../syncs.ts';
import type { Cause } from './cause.ts';

export interface Words {
  readonly message: string;
  readonly nextStep: string;
}

const PLATFORM: Partial<Record<ErrorCode, string>> = {
  Internal: 'the sync stopped at a mistake of ours',
  Conflict: 'another sync of it is under way, or its connection is paused or being set up',
};

const WORDS: Readonly<Record<FailureClass, (cause: Cause) => Words>> = {
  token({ name, code, ...rest }) {
    if (code === 'CredentialNotFoundError') {
      return { message: `${name} is not connected`, nextStep: `connect ${name}` };
    }
    if (code === 'NeedsReauthorization') {
      return { message: `${name} has ended the access`, nextStep: `connect ${name} again` };
    }
    return {
      message: `${name} refuses the stored credential${said(rest)}`,
      nextStep: `it is renewed and the sync tried once more; if that fails too, connect ${name} again`,
    };
  },
  rate_limit({ name, retryAfterSeconds }) {
    const wait = retryAfterSeconds === undefined ? '' : ` for ${durationWords(retryAfterSeconds)}`;
    return {
      message: `${name} takes no more calls${wait}: its rate limit is reached`,
      nextStep: `nothing to do: the sync is tried again after that; if it happens often, sync less often or fewer streams`,
    };
  },
  airbyte: ({ code }) => ({
    message: PLATFORM[code] ?? 'the sync service did not do its work',
    nextStep: 'nothing to do: the sync is tried again by itself; who runs this platform sees the reason',
  }),
  provider: ({ name, status, word }) => ({
    message:
      status === undefined
        ? `${name} does not answer`
        : `${name} answers with an error of its own${said({ status, word })}`,
    nextStep: `nothing to do: the sync is tried again; if it goes on, look at the status page of ${name}`,
  }),
  configuration({ name, status, word, settings = [], code }) {
    if (settings.length > 0) {
      const which = `${settings.length === 1 ? 'setting' : 'settings'} ${settings.join(', ')}`;
      return {
        message: `${name} cannot be read with the ${which} as given`,
        nextStep: `correct the ${which}`,
      };
    }
    if (code === 'ScopesMissing' || status === 403) {
      return {
        message: `the credential may not read all that is to be synced from ${name}${said({ status, word })}`,
        nextStep: `give it the right at ${name}, or connect ${name} again and agree to what it asks for`,
      };
    }
    if (code === 'Forbidden') {
      return { message: `${name} is suspended`, nextStep: 'it goes on when the suspension ends' };
    }
    if (code === 'ProviderRejected') {
      return {
        message: `${name} refuses the app that this platform calls it with`,
        nextStep: `who runs this platform has to check the app at ${name}`,
      };
    }
    return {
      message: `a setting of the connection to ${name} is not accepted${said({ status, word })}`,
      nextStep: 'check the settings of the integration (spec.config); it is tried again when it is due next',
    };
  },
  schema({ name, streams = [] }) {
    const what = streams.length === 0 ? 'its data' : streams.join(', ');
    return {
      message: `${name} has changed the form of ${what}, and the sync stops there`,
      nextStep: 'look at the changes and accept them, or take the stream out of spec.sync.streams',
    };
  },
  stuck: ({ name }) => ({
    message: `the sync of ${name} made no progress for too long and was stopped`,
    nextStep: 'nothing to do: it is tried again by itself; rows that have arrived stay',
  }),
  connector: ({ name, isProviderWell }) => ({
    message: isProviderWell
      ? `the sync of ${name} failed, although ${name} answers and takes the credential`
      : `the sync of ${name} failed`,
    nextStep: 'it is tried again; if it goes on, tell who runs this platform the id of the run',
  }),
};

export function wordsFor(cause: Cause): Words {
  return WORDS[cause.class](cause);
}

function said({ status, word }: { status?: number | undefined; word?: string | undefined }): string {
  const parts = [word, status === undefined ? undefined : `status ${status}`].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Rounded up, in the largest unit that says enough: `40 seconds`, `20 minutes`, `3 hours`. */
export function durationWords(seconds: number): string {
  const [size, unit] =
    seconds < 90
      ? ([1, 'second'] as const)
      : seconds < 5400
        ? ([60, 'minute'] as const)
        : ([3600, 'hour'] as const);
  const count = Math.max(1, Math.ceil(seconds / size));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
