/** One line of the check list: what was found, and the remedy to copy. */
import type { Schema } from '../../../client/index.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Copyable } from '../../parts/copyable.tsx';
import { cut } from '../../parts/outside.tsx';
import { sentence } from '../../parts/sentence.ts';

type Check = Schema<'SetupCheck'>;

const MOST = 600;

export function CheckLine({ check }: { readonly check: Check }) {
  const { title, state, detail, remedy } = check;
  const [tone, word] = STATES[state];
  return (
    <li className={`setup-check setup-${tone}`}>
      <div className="setup-head">
        <strong>{cut(title, 200)}</strong>
        <Badge tone={tone}>{word}</Badge>
      </div>
      <p className="setup-detail">{sentence(cut(detail, MOST))}</p>
      {remedy !== null && (
        <div>
          <span>What to do:</span>
          <Copyable label={`remedy for ${cut(title, 80)}`} text={sentence(cut(remedy, MOST))} isProse />
        </div>
      )}
    </li>
  );
}

const STATES: Readonly<Record<Check['state'], readonly [Tone, string]>> = {
  ok: ['good', 'OK'],
  warning: ['warn', 'Warning'],
  failed: ['bad', 'Failed'],
  unknown: ['bad', 'No answer'],
};
