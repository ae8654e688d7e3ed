/** Keeps a run that is under way as it is now, by server-sent events; rests while nobody looks. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { SyncPlace } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { isUnderWay, type Run } from '../../parts/runs/run-words.ts';
import { runLogQuery, runQuery } from './queries.ts';

export interface Live {
  /** Why nothing is told any more. */
  readonly error: unknown;
  readonly retry: () => void;
}

export function useLiveRun({ tenant, integration, id }: SyncPlace, run: Run | undefined): Live {
  const queries = useQueryClient();
  const isVisible = useVisible();
  const [tries, setTries] = useState(0);
  const [error, setError] = useState<unknown>();
  const isWanted = run !== undefined && isUnderWay(run) && isVisible;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each try begins anew
  useEffect(() => {
    if (!isWanted) return;
    const place = { tenant, integration, id };
    const leaving = new AbortController();
    const { signal } = leaving;
    const follow = async (): Promise<void> => {
      try {
        for await (const now of api.followSync(place, { signal })) {
          queries.setQueryData(runQuery(place).queryKey, now);
          await queries.invalidateQueries({ queryKey: runLogQuery(place).queryKey });
        }
      } catch (reason) {
        if (!signal.aborted) setError(reason);
      }
    };
    setError(undefined);
    void follow();
    return () => leaving.abort();
  }, [queries, tenant, integration, id, isWanted, tries]);
  return { error, retry: () => setTries((before) => before + 1) };
}

function useVisible(): boolean {
  const [isVisible, setIsVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = (): void => setIsVisible(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return isVisible;
}
