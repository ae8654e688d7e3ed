/** Stands where there is no Airbyte, for who can go on without. */
import { TenantryError } from '../errors.ts';
import type { AirbyteClient } from './airbyte.ts';

/** Whoever needs it gets the reason. */
export function absentAirbyte(reason: string): AirbyteClient & { close(): void } {
  const fail = (): Promise<never> => Promise.reject(new TenantryError('MissingSetting', reason));
  return {
    get: fail,
    listAll: fail,
    post: fail,
    patch: fail,
    put: fail,
    delete: fail,
    health: () => Promise.resolve(false),
    close: () => undefined,
    tokenStatus: () => ({ method: 'api_key', lastError: reason }),
  };
}
