/** The button that begins a run and shows it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import { useNavigate } from 'react-router';
import { api } from '../../app/api.ts';
import { messageOf } from '../../parts/failure.tsx';
import { pathOfRun } from '../../parts/runs/run-words.ts';
import { tenantKey } from '../../parts/tenant-queries.ts';

interface Props {
  readonly tenant: string;
  readonly integration: string;
}

export function SyncNow({ tenant, integration }: Props) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const starting = useMutation({
    mutationFn: () =>
      api.post('/tenants/{tenant}/integrations/{integration}/syncs', { path: { tenant, integration } }),
    onSuccess: (run) => navigate(pathOfRun(run)),
    onSettled: () => queries.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
  return (
    <>
      <Button className="button primary" onPress={() => starting.mutate()} isDisabled={starting.isPending}>
        Sync now
      </Button>
      {starting.isError && (
        <p role="alert" className="bad actions-message">
          {messageOf(starting.error)}
        </p>
      )}
    </>
  );
}
