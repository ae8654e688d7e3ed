/** What a page is set to stands in its address: it can be kept, and sent to somebody. */
import { useSearchParams } from 'react-router';

/** The values, and what changes one of them: an empty value takes it out. Going back leaves the page. */
export function useAddress(): [URLSearchParams, (name: string, value: string) => void] {
  const [address, setAddress] = useSearchParams();
  const change = (name: string, value: string): void =>
    setAddress(
      (old) => {
        if (value === '') old.delete(name);
        else old.set(name, value);
        return old;
      },
      { replace: true },
    );
  return [address, change];
}
