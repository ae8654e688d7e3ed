/** Tells those who do not see the page that another one has opened, and lets the keyboard go on from there. */
import { useEffect, useState } from 'react';
import { VisuallyHidden } from 'react-aria-components';
import { useLocation } from 'react-router';

/** Until a page has its title. */
const SETTLED_MS = 400;

export function PageTitle() {
  const { pathname } = useLocation();
  const [first] = useState(pathname);
  const [title, setTitle] = useState('');
  useEffect(() => {
    // A reader reads the first page by itself.
    if (pathname === first && title === '') return;
    // The link that was followed may be gone with its page.
    if (document.activeElement === document.body) document.getElementById('content')?.focus();
    const timer = setTimeout(() => setTitle(document.title), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [pathname, first, title]);
  return (
    <VisuallyHidden>
      <span role="status">{title}</span>
    </VisuallyHidden>
  );
}
