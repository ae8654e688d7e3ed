/** Ends a run that is under way. */
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { cut } from '../../parts/outside.tsx';
import type { Run } from '../../parts/runs/run-words.ts';
import { tenantKey } from '../../parts/tenant-queries.ts';
import { runQuery } from './queries.ts';

interface Props {
  readonly run: Run;
  readonly name: string;
}

export function Cancel({ run: { tenant, integration, id }, name }: Props) {
  const queries = useQueryClient();
  const cancel = async (): Promise<void> => {
    const place = { tenant, integration, id };
    const ended = await api.delete('/tenants/{tenant}/integrations/{integration}/syncs/{id}', {
      path: place,
    });
    queries.setQueryData(runQuery(place).queryKey, ended);
    await queries.invalidateQueries({ queryKey: tenantKey(tenant) });
  };
  return (
    <Confirm
      text="Cancel"
      title="Cancel this sync?"
      doIt="Cancel the sync"
      keep="Let it go on"
      onConfirm={cancel}
    >
      <p>The sync of {cut(name)} stops. Rows that have arrived stay; the rest comes with the next sync.</p>
    </Confirm>
  );
}
