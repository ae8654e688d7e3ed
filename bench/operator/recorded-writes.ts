/** Tells which operator wrote what and when: each reaches Vault and Airbyte through proxies of its own. */
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy.ts';

export interface RecordedWrite {
  readonly at: number;
  readonly what: string;
}

export interface RecordedWrites {
  /** In place of the environment's. */
  readonly variables: Readonly<Record<string, string>>;
  /** In the order of their arrival. */
  readonly writes: readonly RecordedWrite[];
  readonly airbyte: FaultProxy;
  close(): Promise<void>;
}

/** Sent by POST, and change nothing. */
const NO_WRITE = /\/applications\/token$|^\/v1\/auth\/[^/]+\/login|^\/v1\/[^/]+\/(encrypt|decrypt|hmac)\//;

export async function recordWrites(variables: Readonly<Record<string, string>>): Promise<RecordedWrites> {
  const airbyteUrl = variables['AIRBYTE_URL'] ?? '';
  const writes: RecordedWrite[] = [];
  const proxies = await Promise.all([
    startFaultProxy(variables['VAULT_ADDR'] ?? ''),
    startFaultProxy(airbyteUrl),
  ]);
  const [vault, airbyte] = proxies;
  for (const proxy of proxies) {
    proxy.fault = ({ method, path }) => {
      const isRead = method === 'GET' || method === 'LIST' || NO_WRITE.test(path.split('?')[0] ?? '');
      if (!isRead) writes.push({ at: performance.now(), what: `${method} ${path}` });
      return 'pass';
    };
  }
  return {
    variables: {
      ...variables,
      VAULT_ADDR: vault.url,
      AIRBYTE_URL: new URL(new URL(airbyteUrl).pathname, airbyte.url).href,
    },
    writes,
    airbyte,
    close: async () => {
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}
