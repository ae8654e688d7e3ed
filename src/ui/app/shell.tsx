/** What is around every page: the way to the others, and who has signed in. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Suspense } from 'react';
import { Button, RouterProvider } from 'react-aria-components';
import { NavLink, Outlet, ScrollRestoration, useHref, useNavigate } from 'react-router';
import { Busy } from '../parts/busy.tsx';
import { messageOf } from '../parts/failure.tsx';
import { cut } from '../parts/outside.tsx';
import { forget, SIGNED_OUT_PAGE, tellOtherTabs } from '../session/leave.ts';
import { useSession } from '../session/session.ts';
import { signOut, type Who } from './api.ts';
import { waysFor } from './navigation.ts';
import { PageTitle } from './page-title.tsx';

export function Shell() {
  const who = useSession();
  const navigate = useNavigate();
  return (
    <RouterProvider navigate={(to) => void navigate(to)} useHref={useHref}>
      <a href="#content" className="skip">
        Skip to content
      </a>
      <header className="top">
        <span className="brand">Tenantry</span>
        <nav aria-label="Pages">
          {waysFor(who).map(({ to, text, isExact = false }) => (
            <NavLink key={to} to={to} end={isExact}>
              {text}
            </NavLink>
          ))}
        </nav>
        <span className="who">{nameOf(who)}</span>
        <SignOut />
      </header>
      <main id="content" tabIndex={-1} className="page">
        <Suspense fallback={<Busy label="Loading the page" />}>
          <Outlet />
        </Suspense>
      </main>
      <PageTitle />
      <ScrollRestoration />
    </RouterProvider>
  );
}

function SignOut() {
  const queries = useQueryClient();
  const leaving = useMutation({
    mutationFn: signOut,
    onSuccess() {
      queries.setQueryData(['session'], null);
      forget(queries);
      tellOtherTabs();
      // A page of its own: nothing that this one had in its memory goes on.
      location.replace(SIGNED_OUT_PAGE);
    },
  });
  return (
    <>
      <Button className="button" onPress={() => leaving.mutate()} isDisabled={leaving.isPending}>
        Sign out
      </Button>
      {leaving.isError && (
        <p role="alert" className="bad top-message">
          You are still signed in. {messageOf(leaving.error)}
        </p>
      )}
    </>
  );
}

const MOST_TENANTS = 3;

function nameOf(who: Who): string {
  const { tenants, role } = who.caller;
  if (tenants === 'all') return `Platform · ${role}`;
  const shown = tenants.slice(0, MOST_TENANTS).map((tenant) => cut(tenant, 40));
  const more = tenants.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''} · ${role}`;
}
