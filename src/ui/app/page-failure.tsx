/** A page that could not be loaded or broke. */
import { Link, useRouteError } from 'react-router';
import { Failure } from '../parts/failure.tsx';

/** Around every page there is a main part already, but not where that itself broke. */
export function AppFailure() {
  return (
    <main className="page">
      <PageFailure />
    </main>
  );
}

export function PageFailure() {
  const error = useRouteError();
  return (
    <>
      <title>Not shown · Tenantry</title>
      <h1>This page cannot be shown</h1>
      <Failure error={error} onRetry={() => location.reload()} />
      <p>
        <Link to="/" reloadDocument>
          To the first page
        </Link>
      </p>
    </>
  );
}
