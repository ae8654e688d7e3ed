/** Finds by name; the address follows when the typing rests. */
import { useEffect, useRef, useState } from 'react';
import { Button, Input, Label, SearchField } from 'react-aria-components';

const REST_MS = 200;

interface Props {
  readonly value: string;
  readonly onChange: (text: string) => void;
}

export function SearchBox({ value, onChange }: Props) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  // Back and forward change the address without a key.
  if (value !== known) {
    setKnown(value);
    if (value !== text.trim()) setText(value);
  }
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => tell.current(text.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <SearchField value={text} onChange={setText} maxLength={200} className="tenants-search">
      <Label>Search by name</Label>
      <div className="tenants-search-box">
        <Input autoComplete="off" spellCheck={false} />
        {text !== '' && (
          <Button className="button" aria-label="Clear the search">
            Clear
          </Button>
        )}
      </div>
    </SearchField>
  );
}
