/** How an attempt at the provider goes, and what the person can do now. */
import { Button } from 'react-aria-components';
import { Busy } from '../../parts/busy.tsx';
import type { Place, UsedAttempt } from './use-attempt.ts';

interface Props extends UsedAttempt {
  readonly place: Place;
  readonly name: string;
  /** Text of the button that begins. */
  readonly text: string;
}

export function AttemptPanel({ attempt, isWindowGone, begin, settle, hasBegun, place, name, text }: Props) {
  switch (attempt.step) {
    case 'opening':
      return <Busy label={`Opening ${name}`} />;
    case 'away':
      return isWindowGone ? (
        <WindowGone name={name} onAgain={begin} onGiveUp={() => settle({ step: 'ready' })} />
      ) : (
        <Away
          name={name}
          onGiveUp={() => {
            attempt.window.close();
            settle({ step: 'ready' });
          }}
        />
      );
    case 'blocked':
      return <Blocked name={name} place={place} onAgain={begin} />;
    default:
      return (
        <Button className="button primary" onPress={begin} autoFocus={hasBegun}>
          {text}
        </Button>
      );
  }
}

function Away({ name, onGiveUp }: { readonly name: string; readonly onGiveUp: () => void }) {
  return (
    <div className="card">
      <Busy label={`Waiting for you at ${name}`} />
      <p>Agree in the window that opened. This page goes on by itself.</p>
      <Button className="button" onPress={onGiveUp}>
        Stop
      </Button>
    </div>
  );
}

interface GoneProps {
  readonly name: string;
  readonly onAgain: () => void;
  readonly onGiveUp: () => void;
}

function WindowGone({ name, onAgain, onGiveUp }: GoneProps) {
  return (
    <div className="card failure" role="alert">
      <h2 className="connect-title">The window of {name} was closed</h2>
      <p>
        Nothing is connected yet. If the window is still open, {name} has cut it off from this page: finish
        there, and this page will notice within seconds.
      </p>
      <p>Closed before you agreed, or {name} did not answer? Open it again.</p>
      <div className="actions">
        <Button className="button primary" onPress={onAgain}>
          Open {name} again
        </Button>
        <Button className="button" onPress={onGiveUp}>
          Not now
        </Button>
      </div>
    </div>
  );
}

interface BlockedProps {
  readonly name: string;
  readonly place: Place;
  readonly onAgain: () => void;
}

function Blocked({ name, place, onAgain }: BlockedProps) {
  return (
    <div className="card failure" role="alert">
      <h2 className="connect-title">Your browser blocked the window</h2>
      <p>
        {name} asks you in a window of its own. Allow windows for this site and try again, or go to {name} in
        this tab: you come back here afterwards.
      </p>
      <div className="actions">
        <a className="button primary" href={redirectAddress(place)}>
          Continue in this tab
        </a>
        <Button className="button" onPress={onAgain}>
          Try the window again
        </Button>
      </div>
    </div>
  );
}

/** The sidecar sends the person to the provider, and back to this page with how it went. */
export function redirectAddress({ tenant, integration }: Place): string {
  const back = new URL(location.pathname, location.origin).href;
  const query = new URLSearchParams({ tenant, redirect_uri: back });
  return `/oauth/install/${encodeURIComponent(integration)}?${query}`;
}
