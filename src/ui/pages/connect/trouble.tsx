/** Why it did not work and what to do next; the screen reader is told at once. */
import { Link } from 'react-router';
import { pathOfTenant } from '../../app/navigation.ts';
import { Confirm } from '../../parts/confirm.tsx';
import type { Words } from './failures.ts';
import type { Place } from './use-attempt.ts';

interface Props {
  readonly words: Words;
  readonly name: string;
  readonly place: Place;
  /** Ends the credential that is there. Undefined: there is none, or the caller may not. */
  readonly onDisconnect: (() => Promise<unknown>) | undefined;
}

export function TroublePanel({ words, name, place, onDisconnect }: Props) {
  const { title, happened, next, action, code } = words;
  return (
    <div className="card failure" role="alert">
      <h2 className="connect-title">{title}</h2>
      <p>{happened}</p>
      <p>
        <strong>What to do:</strong> {next}
      </p>
      {code && <p className="quiet">Code: {code}</p>}
      {action === 'account' && onDisconnect && (
        <Confirm
          text={`Disconnect ${name}`}
          title={`Disconnect ${name}?`}
          doIt="Disconnect"
          onConfirm={onDisconnect}
        >
          <p>
            Syncs of {name} stop and its token is ended. Rows that were copied stay. Then another account can
            be connected.
          </p>
        </Confirm>
      )}
      {action === 'wait' && <Link to={pathOfTenant(place.tenant)}>Back to {place.tenant}</Link>}
    </div>
  );
}
