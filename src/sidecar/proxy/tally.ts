/** Counts one call for the tenant's usage and the metrics. */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { SidecarContext } from '../context.ts';

export interface Tally {
  /** Bytes of bodies that came from the caller. */
  bytesIn: number;
  /** Bytes of bodies that went to the caller. */
  bytesOut: number;
  /** HTTP status of the service, or the code of the error in its place. */
  status: string;
  /** Once, at the end of the call. */
  end(): void;
}

export function startTally(
  { usage, metrics }: Pick<SidecarContext, 'usage' | 'metrics'>,
  { tenant, integration }: CredentialPlace,
): Tally {
  const started = performance.now();
  return {
    bytesIn: 0,
    bytesOut: 0,
    status: 'none',
    end() {
      const { bytesIn, bytesOut, status } = this;
      const isError = !/^[123]/.test(status);
      usage.count({ tenant, integration, calls: 1, errors: isError ? 1 : 0, bytesIn, bytesOut });
      metrics.proxyCalls.inc({ tenant, integration, status });
      metrics.proxySeconds.observe({ integration }, (performance.now() - started) / 1000);
    },
  };
}
