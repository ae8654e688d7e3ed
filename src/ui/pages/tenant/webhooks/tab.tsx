/** Where a tenant’s events are sent, and what became of them. */
import { useParams } from 'react-router';
import { useMay } from '../../../session/session.ts';
import { Deliveries } from './deliveries.tsx';
import { Endpoints } from './endpoints.tsx';

export function WebhooksTab() {
  const { tenant = '' } = useParams();
  const may = useMay();
  return (
    <>
      {may('manage') && <Endpoints tenant={tenant} />}
      <Deliveries tenant={tenant} />
    </>
  );
}
