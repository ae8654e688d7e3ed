/** Which way a command takes that can ask a sidecar as well as the stack itself. */
import type { Io } from './io.ts';
import { environment, type StackOptions } from './session.ts';
import type { ApiOptions } from './sidecar-api.ts';

export interface Way {
  readonly env: NodeJS.ProcessEnv;
  /** The sidecar of TENANTRY_URL where TENANTRY_API_KEY is set; undefined: the stack's own parts. */
  readonly api: ApiOptions | undefined;
}

export async function wayOf(options: Pick<StackOptions, 'envFile'>, io: Io): Promise<Way> {
  const env = await environment(options, io);
  const url = env['TENANTRY_URL'];
  const credential = env['TENANTRY_API_KEY'];
  if (!url || !credential) return { env, api: undefined };
  return { env, api: { url, credential, signal: AbortSignal.any([io.stop, io.abort]) } };
}
