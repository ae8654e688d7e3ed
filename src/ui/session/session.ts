/** Who has signed in, and what they may do. */
import { createContext, use } from 'react';
import type { Who } from '../app/api.ts';

export const SessionContext = createContext<Who | undefined>(undefined);

export function useSession(): Who {
  const who = use(SessionContext);
  if (!who) throw new Error('nobody has signed in');
  return who;
}

/** May see what concerns the whole installation. */
export function isOfPlatform({ caller }: Who): boolean {
  return caller.tenants === 'all';
}

/** The one tenant of a caller that has no other. */
export function onlyTenant({ caller }: Who): string | undefined {
  const [only, ...more] = caller.tenants === 'all' ? [] : caller.tenants;
  return more.length === 0 ? only : undefined;
}

export type Deed = 'connect' | 'sync' | 'see rows' | 'manage';

/** What the pages offer. The sidecar decides: it refuses what a role may not do, whatever is shown here. */
const DEEDS: Readonly<Record<Who['caller']['role'], readonly Deed[]>> = {
  admin: ['connect', 'sync', 'see rows', 'manage'],
  'tenant-admin': ['connect', 'sync', 'manage'],
  app: ['connect', 'sync', 'see rows'],
  viewer: [],
};

export function useMay(): (deed: Deed) => boolean {
  const { caller } = useSession();
  return (deed) => DEEDS[caller.role].includes(deed);
}
