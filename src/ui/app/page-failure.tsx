/** A page that could not be loaded or broke. */
import { useRouteError } from 'react-router';
import { Failure } from '../parts/failure.tsx';

export function PageFailure() {
  const error = useRouteError();
  return (
    <main className="page">
      <Failure error={error} onRetry={() => location.reload()} />
    </main>
  );
}
