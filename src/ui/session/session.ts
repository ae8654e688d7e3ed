/** Who has signed in. */
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
