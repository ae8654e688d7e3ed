/** Something is under way. */
import { ProgressBar } from 'react-aria-components';

export function Busy({ label }: { readonly label: string }) {
  return (
    <ProgressBar aria-label={label} isIndeterminate className="busy">
      <span className="busy-dot" />
      <span>{label} …</span>
    </ProgressBar>
  );
}
