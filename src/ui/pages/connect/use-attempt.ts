/** One attempt to connect at the provider: its window is opened, watched, and how it ended is asked of the sidecar. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../app/api.ts';
import { openProviderWindow, type ProviderWindow } from '../../parts/provider-window.ts';
import { tenantKey } from '../../parts/tenant-queries.ts';
import type { Trouble } from './failures.ts';

export interface Place {
  readonly tenant: string;
  readonly integration: string;
}

export type Attempt =
  | { readonly step: 'ready' }
  /** The window is open; where it goes is being asked. */
  | { readonly step: 'opening' }
  | { readonly step: 'away'; readonly flow: string; readonly window: ProviderWindow }
  | { readonly step: 'blocked' }
  | { readonly step: 'failed'; readonly trouble: Trouble }
  | { readonly step: 'connected' };

/** The window may be cut off from us, so that it cannot tell that it is over: the flow is asked about as well. */
const ASK_MS = 1_500;
const LOOK_MS = 500;

export interface UsedAttempt {
  readonly attempt: Attempt;
  /** The window was closed, or is cut off, and the flow has not ended. */
  readonly isWindowGone: boolean;
  /** To be called in the handler of a click. */
  readonly begin: () => void;
  readonly settle: (attempt: Attempt) => void;
  /** An attempt was made in this page: what takes its place must take the focus too. */
  readonly hasBegun: boolean;
}

export function useAttempt(place: Place, first: Attempt): UsedAttempt {
  const queries = useQueryClient();
  const [attempt, setAttempt] = useState(first);
  const away = attempt.step === 'away' ? attempt : undefined;
  const settle = useCallback(
    (next: Attempt): void => {
      setAttempt(next);
      if (next.step !== 'connected') return;
      // Its pages, and the figures of all, tell of it at once.
      for (const queryKey of [tenantKey(place.tenant), ['tenants'], ['overview']]) {
        void queries.invalidateQueries({ queryKey });
      }
    },
    [queries, place.tenant],
  );
  const newest = useRef(0);
  const [hasBegun, setHasBegun] = useState(false);

  const begin = (): void => {
    away?.window.close();
    newest.current += 1;
    const mine = newest.current;
    setHasBegun(true);
    const opened = openProviderWindow();
    if (!opened) {
      setAttempt({ step: 'blocked' });
      return;
    }
    setAttempt({ step: 'opening' });
    const { tenant, integration } = place;
    const asked = api.get('/oauth/authorize/{integration}', {
      path: { integration },
      query: { tenant, opener_origin: location.origin },
    });
    asked
      .then(({ authorizationUrl, flow }) => {
        if (mine !== newest.current) return;
        opened.go(authorizationUrl);
        setAttempt({ step: 'away', flow, window: opened });
      })
      .catch((error: unknown) => {
        opened.close();
        if (mine === newest.current) setAttempt({ step: 'failed', trouble: { error } });
      });
  };

  useEnd(away, settle);
  const isWindowGone = useIsGone(away?.window);
  return { attempt, isWindowGone, begin, settle, hasBegun };
}

type Away = Extract<Attempt, { step: 'away' }>;

function useEnd(away: Away | undefined, settle: (attempt: Attempt) => void): void {
  const { data, refetch } = useQuery({
    queryKey: ['flow', away?.flow],
    queryFn: ({ signal }) => api.get('/oauth/flows/{id}', { path: { id: away?.flow ?? '' }, signal }),
    enabled: away !== undefined,
    refetchInterval: ASK_MS,
    refetchOnWindowFocus: 'always',
    gcTime: 0,
  });
  // What the window says is a reason to ask, never the answer.
  useEffect(() => away?.window.onEnd(location.origin, () => void refetch()), [away, refetch]);
  useEffect(() => {
    if (!away || !data || data.status === 'pending') return;
    away.window.close();
    settle(
      data.status === 'complete'
        ? { step: 'connected' }
        : { step: 'failed', trouble: { code: data.error ?? 'Internal' } },
    );
  }, [away, data, settle]);
}

function useIsGone(window: ProviderWindow | undefined): boolean {
  const [gone, setGone] = useState<ProviderWindow>();
  useEffect(() => {
    if (!window) return;
    const timer = setInterval(() => {
      if (window.isGone()) setGone(window);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [window]);
  return window !== undefined && gone === window;
}
