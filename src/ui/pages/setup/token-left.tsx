/** The login to Airbyte, and how long its token is still good. */
import { useEffect, useState } from 'react';
import type { Schema } from '../../../client/index.ts';
import { Badge } from '../../parts/badge.tsx';
import { cut } from '../../parts/outside.tsx';

type Token = NonNullable<Schema<'Setup'>['airbyteToken']>;

const METHODS: Readonly<Record<Token['method'], string>> = {
  client_credentials: 'client id and secret',
  api_key: 'API key',
};

export function TokenLeft({ token, at }: { readonly token: Token; readonly at: string }) {
  const { method, secondsLeft, lastError } = token;
  return (
    <section className="card setup-token" aria-label="Token of Airbyte">
      <strong>Token of Airbyte</strong>
      <span>Login by {METHODS[method]}.</span>
      {secondsLeft === null ? (
        <span className="quiet">
          {method === 'api_key' ? 'It does not end by the clock.' : 'None is in use; the next call gets one.'}
        </span>
      ) : (
        <Left seconds={secondsLeft} key={at} />
      )}
      {lastError !== null && (
        <p>
          <Badge tone="bad">Last error</Badge> {cut(lastError, 400)}
        </p>
      )}
    </section>
  );
}

/** Counted for the eye: read out each second it would drown everything else. */
function Left({ seconds }: { readonly seconds: number }) {
  const [left, setLeft] = useState(Math.max(0, Math.floor(seconds)));
  useEffect(() => {
    const end = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      if (!document.hidden) setLeft(Math.max(0, Math.floor((end - Date.now()) / 1000)));
    }, 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return (
    <span>
      <span role="timer" aria-live="off" className="setup-seconds">
        {left}
      </span>{' '}
      {left === 0
        ? 'seconds left; it is renewed with the next call.'
        : 'seconds left; it is renewed by itself.'}
    </span>
  );
}
