/** What went wrong, in words, with what to do about it. */
import { useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { SidecarError } from '../../client/index.ts';
import { cut } from './outside.tsx';
import { sentence } from './sentence.ts';

const MOST = 400;

/** Plain text, fit to be shown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof SidecarError)) {
    return isLoadFailure(error)
      ? 'A part of this page could not be loaded. Check your network and load the page again; there may be a newer version of it.'
      : 'Something went wrong in this page. Load it again.';
  }
  const { status, message } = error;
  if (status === 0) {
    return 'Tenantry does not answer. Check your network; if it goes on, tell who runs this platform that the sidecar cannot be reached.';
  }
  return [message, nextStepOf(error)]
    .filter((text) => text !== undefined && text !== '')
    .map((text) => sentence(cut(text ?? '', MOST)))
    .join(' ');
}

/** What a hint says to a program or at a terminal, said to who looks at a page. */
const STEPS: Readonly<Record<string, string>> = {
  NeedsReauthorization: 'connect the integration again',
  CredentialNotFoundError: 'connect the integration first',
  Forbidden: 'ask who runs this platform for a key that may do this',
  NotFound: 'it may have been removed: go back and look at the list',
  RateLimited: 'wait a little and try again',
  InvalidRequest: 'correct it and try again',
  Internal: 'try again; if it goes on, tell who runs this platform',
};

const FOR_PROGRAMS = /`tenantry|\/docs|Retry-After|Authorization|X-Tenantry|role and tenants/;

function nextStepOf({ code, hint, status }: SidecarError): string | undefined {
  if (hint !== undefined && !FOR_PROGRAMS.test(hint)) return hint;
  return STEPS[code] ?? (status >= 500 ? STEPS['Internal'] : undefined);
}

interface Props {
  readonly error: unknown;
  readonly onRetry?: () => unknown;
}

export function Failure({ error, onRetry }: Props) {
  const told = error instanceof SidecarError ? error : undefined;
  const wait = told?.retryAfterSeconds;
  return (
    <div role="alert" className="card failure">
      <p>{messageOf(error)}</p>
      {told && (
        <p className="quiet">
          Code: {cut(told.code)}
          {told.requestId !== undefined && <> · Request: {cut(told.requestId)}</>}
        </p>
      )}
      {onRetry && <Retry onRetry={onRetry} seconds={told?.retryable ? wait : undefined} error={error} />}
    </div>
  );
}

interface RetryProps {
  readonly onRetry: () => unknown;
  /** That the sidecar asks to wait; then it is tried again by itself. */
  readonly seconds: number | undefined;
  /** Another one begins another wait. */
  readonly error: unknown;
}

function Retry({ onRetry, seconds, error }: RetryProps) {
  const [left, setLeft] = useState(seconds);
  const retry = useRef(onRetry);
  retry.current = onRetry;
  useEffect(() => {
    setLeft(seconds);
    if (seconds === undefined || error === undefined) return;
    const end = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      if (document.hidden) return;
      const rest = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      setLeft(rest);
      if (rest > 0) return;
      clearInterval(timer);
      void retry.current();
    }, 500);
    return () => clearInterval(timer);
  }, [seconds, error]);
  return (
    <div className="actions">
      <Button className="button" onPress={() => void onRetry()}>
        Try again
      </Button>
      {left !== undefined && left > 0 && (
        // Counted for the eye; read out each second it would drown everything else.
        <span className="quiet" aria-live="off">
          It is tried again by itself in {left} s.
        </span>
      )}
    </div>
  );
}

/** A file of the application that is not there, as browsers word it. */
function isLoadFailure(error: unknown): boolean {
  return error instanceof TypeError && /import|module|fetch/i.test(error.message);
}
