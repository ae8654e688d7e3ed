/** What is around every page: the way to the others, and who has signed in. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Suspense } from 'react';
import { Button } from 'react-aria-components';
import { NavLink, Outlet, ScrollRestoration } from 'react-router';
import { Busy } from '../parts/busy.tsx';
import { isOfPlatform, useSession } from '../session/session.ts';
import { signOut } from './api.ts';

const OF_ALL = [{ to: '/', text: 'Overview' }];

export function Shell() {
  const who = useSession();
  const queries = useQueryClient();
  const leaving = useMutation({
    mutationFn: signOut,
    onSettled() {
      queries.setQueryData(['session'], null);
      // Who signs in next shall see nothing of who was here.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    },
  });
  return (
    <>
      <a href="#content" className="skip">
        Skip to content
      </a>
      <header className="top">
        <span className="brand">Tenantry</span>
        <nav aria-label="Pages">
          {OF_ALL.map(({ to, text }) => (
            <NavLink key={to} to={to} end={to === '/'}>
              {text}
            </NavLink>
          ))}
        </nav>
        <span className="who">
          {isOfPlatform(who) ? 'Platform' : [who.caller.tenants].flat().join(', ')} · {who.caller.role}
        </span>
        <Button className="button" onPress={() => leaving.mutate()} isDisabled={leaving.isPending}>
          Sign out
        </Button>
      </header>
      <main id="content" tabIndex={-1} className="page">
        <Suspense fallback={<Busy label="Loading the page" />}>
          <Outlet />
        </Suspense>
      </main>
      <ScrollRestoration />
    </>
  );
}
