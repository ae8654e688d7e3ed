/** Ways to sign in beside an API key, where the sidecar has them: an identity provider, or none but being here. */
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Button } from 'react-aria-components';
import { openSession, signInMethods } from '../app/api.ts';
import { Busy } from '../parts/busy.tsx';
import { messageOf } from '../parts/failure.tsx';
import { cut } from '../parts/outside.tsx';
import { arrivedWith } from './arrival.ts';
import { signInErrorWords } from './sign-in-errors.ts';
import { useSignIn } from './use-sign-in.ts';

export function OtherWays() {
  const methods = useQuery({
    // Kept when somebody signs out: it is the same for all.
    queryKey: ['session', 'methods'],
    queryFn: ({ signal }) => signInMethods(signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { error } = arrivedWith();
  const oidc = methods.data?.oidc;
  return (
    <>
      {error !== null && (
        <p role="alert" className="card failure">
          {signInErrorWords(error)}
        </p>
      )}
      {methods.data?.open === true && <Open />}
      {oidc && (
        <p>
          <a className="button primary sign-in-way" href={addressOf(oidc.url)}>
            Sign in with {cut(oidc.name)}
          </a>
        </p>
      )}
    </>
  );
}

/** The development environment asks for no key; who has left comes back by a button. */
function Open() {
  const opening = useSignIn(openSession);
  const { hasLeft } = arrivedWith();
  const { mutate, isIdle } = opening;
  useEffect(() => {
    if (!hasLeft && isIdle) mutate();
  }, [hasLeft, isIdle, mutate]);
  return (
    <div className="card sign-in-way">
      {opening.isPending ? (
        <Busy label="Opening a session" />
      ) : (
        <>
          <p>This is the development environment: no key is needed on this machine.</p>
          <Button className="button primary" onPress={() => mutate()}>
            Open Tenantry
          </Button>
        </>
      )}
      {opening.isError && (
        <p role="alert" className="bad">
          {messageOf(opening.error)}
        </p>
      )}
    </div>
  );
}

/** Comes back to this page, as the sidecar checks. */
function addressOf(start: string): string {
  const url = new URL(start, location.origin);
  url.searchParams.set('return_to', location.pathname + location.search);
  // Only the sidecar itself begins a sign-in.
  return url.origin === location.origin ? url.href : '/ui/';
}
