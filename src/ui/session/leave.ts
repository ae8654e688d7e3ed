/** Ends what the page knows when a session ends: here, in other tabs, and in pages that the browser keeps for "back". */
import type { QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

/** One alone: it does not hear itself. */
const channel = new BroadcastChannel('tenantry-session');

/** Says that the person has left: nothing signs in there by itself. */
export const SIGNED_OUT_PAGE = '/ui/?signed_out';

/** Who signs in next shall see nothing of who was here. */
export function forget(queries: QueryClient): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  queries.getMutationCache().clear();
}

/** Somebody signed in or out in this tab: the cookie of the others is that of this one. */
export function tellOtherTabs(): void {
  channel.postMessage('changed');
}

/** Asks again who is there when another tab changed it, or when the browser brings an old page back. */
export function useSessionWatch(queries: QueryClient): void {
  useEffect(() => {
    const root = document.documentElement;
    const askAgain = async (): Promise<void> => {
      await queries.refetchQueries({ queryKey: ['session'] });
      root.hidden = false;
    };
    const onMessage = (): void => {
      forget(queries);
      void askAgain();
    };
    // What is kept is kept hidden: it may come back when its session is long over.
    const onHide = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) root.hidden = true;
    };
    const onShow = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) onMessage();
    };
    channel.addEventListener('message', onMessage);
    addEventListener('pagehide', onHide);
    addEventListener('pageshow', onShow);
    return () => {
      channel.removeEventListener('message', onMessage);
      removeEventListener('pagehide', onHide);
      removeEventListener('pageshow', onShow);
    };
  }, [queries]);
}
