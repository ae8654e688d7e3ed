/** Runs of syncs, newest first. */
import { VisuallyHidden } from 'react-aria-components';
import { Link } from 'react-router';
import { Ago } from '../ago.tsx';
import { Badge } from '../badge.tsx';
import { count, duration } from '../figures.ts';
import { useNow } from '../now.ts';
import { cut, Outside } from '../outside.tsx';
import { ScrollTable } from '../scroll-table.tsx';
import { lengthOf, pathOfRun, type Run, statusOf, triggerOf } from './run-words.ts';

interface Props {
  readonly label: string;
  readonly runs: readonly Run[];
  /** Of several integrations. */
  readonly withIntegration?: boolean;
}

export function RunTable({ label, runs, withIntegration = false }: Props) {
  return (
    <ScrollTable
      label={label}
      columns={[
        'Begun',
        ...(withIntegration ? ['Integration'] : []),
        'State',
        { name: 'Rows', isFigure: true },
        { name: 'Took', isFigure: true },
        'Why it ran',
        'What happened',
      ]}
    >
      {runs.map((run) => (
        <RunRow key={run.id} run={run} withIntegration={withIntegration} />
      ))}
    </ScrollTable>
  );
}

function RunRow({ run, withIntegration }: { readonly run: Run; readonly withIntegration: boolean }) {
  const { tone, text } = statusOf(run);
  const length = lengthOf(run, useNow());
  const at = run.startedAt ?? run.dueAt ?? run.endedAt;
  return (
    <tr>
      <td>
        <Link to={pathOfRun(run)}>
          <Ago at={at} none="not yet" />
          <VisuallyHidden elementType="span">
            : sync of {cut(run.integration)}, {text}
          </VisuallyHidden>
        </Link>
      </td>
      {withIntegration && (
        <td>
          <Outside text={run.integration} />
        </td>
      )}
      <td>
        <Badge tone={tone}>{text}</Badge>
      </td>
      <td className="table-figure">{run.rows === null ? '–' : count(run.rows)}</td>
      <td className="table-figure">{length === undefined ? '–' : duration(length)}</td>
      <td>{triggerOf(run)}</td>
      <td className="table-wide">
        {run.error ? <Outside text={run.error.message} most={200} /> : <span className="quiet">–</span>}
      </td>
    </tr>
  );
}
