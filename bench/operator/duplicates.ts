/** Looks into Airbyte for objects that were made twice: names are not unique there. */
import { connect } from '../../src/clients/connect.ts';
import { resolveSettings } from '../../src/clients/settings.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';

const LISTS = ['/workspaces', '/sources', '/destinations', '/connections'] as const;

export interface AirbyteCount {
  readonly objects: number;
  /** Path, workspace and name of what is there more than once. */
  readonly duplicates: readonly string[];
}

export async function countAirbyte(
  stackDir: string,
  variables: Readonly<Record<string, string>>,
): Promise<AirbyteCount> {
  const { documents } = await loadAndCheck(stackDir);
  const env = { ...variables };
  const backends = await connect(resolveSettings(documents.platform, env), { env, readOnly: true });
  try {
    const counts = new Map<string, number>();
    for (const path of LISTS) {
      for (const item of await backends.airbyte.listAll<{ name: string; workspaceId: string }>(path)) {
        const key = `${path} ${path === '/workspaces' ? '' : item.workspaceId} ${item.name}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    const duplicates = [...counts].filter(([, count]) => count > 1).map(([key]) => key);
    return { objects: [...counts.values()].reduce((sum, count) => sum + count, 0), duplicates };
  } finally {
    await backends.close();
  }
}
