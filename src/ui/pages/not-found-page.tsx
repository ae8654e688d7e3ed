/** An address that is none of ours. */
import { Link } from 'react-router';

export function NotFoundPage() {
  return (
    <>
      <title>Not found · Tenantry</title>
      <h1>There is no such page</h1>
      <p>
        <Link to="/">To the overview</Link>
      </p>
    </>
  );
}
