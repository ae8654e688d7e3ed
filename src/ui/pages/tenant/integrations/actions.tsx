/** What can be done with an integration now, by this caller. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import { Link } from 'react-router';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { pathOfConnect } from '../../../app/navigation.ts';
import { Confirm } from '../../../parts/confirm.tsx';
import { messageOf } from '../../../parts/failure.tsx';
import { cut } from '../../../parts/outside.tsx';
import { isUnderWay, pathOfIntegration, pathOfRun, pathOfSyncs } from '../../../parts/runs/run-words.ts';
import { tenantKey } from '../../../parts/tenant-queries.ts';
import { useMay } from '../../../session/session.ts';
import type { Integration, SyncState } from './words.ts';

interface Props {
  readonly tenant: string;
  readonly integration: Integration;
  readonly sync: SyncState | undefined;
  readonly installation: Schema<'Installation'> | undefined;
  /** Told to the person when something was done. */
  readonly onDone: (text: string) => void;
}

export function Actions(props: Props) {
  const { tenant, integration, installation } = props;
  const may = useMay();
  const base = pathOfIntegration(tenant, integration.integration);
  const name = cut(integration.name);
  const mayEnd = may('connect') && integration.hasCredentials;
  return (
    <div className="actions">
      {may('connect') && <Connect {...props} />}
      {may('sync') && integration.hasCredentials && <SyncNow {...props} />}
      <Link className="button" to={`${base}/preview`} aria-label={`Preview: ${name}`}>
        Preview
      </Link>
      <Link
        className="button"
        to={pathOfSyncs(tenant, integration.integration)}
        aria-label={`History: ${name}`}
      >
        History
      </Link>
      {mayEnd && installation && <Rest {...props} installation={installation} />}
      {mayEnd && <Disconnect {...props} />}
    </div>
  );
}

function Connect({ tenant, integration }: Props) {
  const { status, missingScopes, connectStyle } = integration;
  if (connectStyle === 'none' || status === 'suspended') return null;
  const isWell = status === 'active' && missingScopes.length === 0;
  const text = status === 'missing' ? 'Connect' : 'Connect again';
  return (
    <Link
      className={isWell ? 'button' : 'button primary'}
      to={pathOfConnect(tenant, integration.integration)}
      aria-label={`${text}: ${cut(integration.name)}`}
    >
      {text}
    </Link>
  );
}

function SyncNow({ tenant, integration, sync, onDone }: Props) {
  const queries = useQueryClient();
  const { integration: id, name, status } = integration;
  const starting = useMutation({
    mutationFn: () =>
      api.post('/tenants/{tenant}/integrations/{integration}/syncs', { path: { tenant, integration: id } }),
    onSuccess: () => onDone(`The sync of ${cut(name)} begins.`),
    onSettled: () => queries.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
  if (sync?.last && isUnderWay(sync.last)) {
    return (
      <Link className="button" to={pathOfRun(sync.last)} aria-label={`Watch the sync: ${cut(name)}`}>
        Watch the sync
      </Link>
    );
  }
  if (status === 'suspended') return null;
  return (
    <>
      <Button
        className="button"
        aria-label={`Sync now: ${cut(name)}`}
        onPress={() => starting.mutate()}
        isDisabled={starting.isPending}
      >
        Sync now
      </Button>
      <Wrong error={starting.error} />
    </>
  );
}

function Rest({ tenant, integration, installation, onDone }: Props & Required<Pick<Props, 'installation'>>) {
  const queries = useQueryClient();
  const name = cut(integration.name);
  const isResting = integration.status === 'suspended';
  const changing = useMutation({
    mutationFn: () =>
      api.patch('/oauth/installations/{id}', {
        path: { id: installation?.id ?? '' },
        body: { status: isResting ? 'active' : 'suspended' },
      }),
    onSuccess: () =>
      onDone(isResting ? `${name} goes on.` : `${name} rests: no calls and no syncs until it is resumed.`),
    onSettled: () => queries.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
  const text = isResting ? 'Resume' : 'Suspend';
  return (
    <>
      <Button
        className={isResting ? 'button primary' : 'button'}
        aria-label={`${text}: ${name}`}
        onPress={() => changing.mutate()}
        isDisabled={changing.isPending}
      >
        {text}
      </Button>
      <Wrong error={changing.error} />
    </>
  );
}

function Disconnect({ tenant, integration, onDone }: Props) {
  const queries = useQueryClient();
  const name = cut(integration.name);
  const end = async (): Promise<void> => {
    const { atProvider } = await api.delete('/tenants/{tenant}/integrations/{integration}/credentials', {
      path: { tenant, integration: integration.integration },
    });
    onDone(ENDED[atProvider].replace('{name}', name));
    await queries.invalidateQueries({ queryKey: tenantKey(tenant) });
  };
  return (
    <Confirm
      text="Disconnect"
      label={`Disconnect: ${name}`}
      title={`Disconnect ${name}?`}
      doIt="Disconnect"
      onConfirm={end}
    >
      <p>
        The access that the tenant gave is ended, here and at {name}. Syncs and calls for it stop at once, and
        somebody of the tenant has to connect again to go on.
      </p>
      <p>Rows that were synced stay in the tenant’s database.</p>
    </Confirm>
  );
}

const ENDED: Readonly<Record<Schema<'RevokedCredential'>['atProvider'], string>> = {
  done: '{name} is disconnected, here and at the provider.',
  'not-supported':
    '{name} is disconnected. The provider has no way to be told: remove the app in the account there too.',
  failed:
    '{name} is disconnected here. The provider did not confirm it: remove the app in the account there too.',
};

function Wrong({ error }: { readonly error: unknown }) {
  if (error === null) return null;
  return (
    <p role="alert" className="bad actions-message">
      {messageOf(error)}
    </p>
  );
}
