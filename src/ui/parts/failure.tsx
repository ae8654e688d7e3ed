/** What went wrong, in words, with what to do about it. */
import { Button } from 'react-aria-components';
import { SidecarError } from '../../client/index.ts';

/** Plain text, fit to be shown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof SidecarError)) return 'Something went wrong in this page. Load it again.';
  const hint = error.hint === undefined ? '' : ` ${sentence(error.hint)}`;
  return sentence(error.message) + hint;
}

export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => unknown }) {
  const code = error instanceof SidecarError ? error.code : undefined;
  return (
    <div role="alert" className="card failure">
      <p>{messageOf(error)}</p>
      {code && <p className="quiet">Code: {code}</p>}
      {onRetry && (
        <Button className="button" onPress={() => void onRetry()}>
          Try again
        </Button>
      )}
    </div>
  );
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
