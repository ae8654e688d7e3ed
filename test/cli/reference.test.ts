/** docs/cli.md names every command and option that there is, and none that there is not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { WITH_DOCUMENTS } from '../../src/named-commands.ts';
import { silentIo } from '../support/cli.ts';

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
const program = createProgram({ io: silentIo(), exit: () => undefined });

function commandsBelow(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...commandsBelow(child)]);
}

function nameOf(command: Command): string {
  return command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

/** Text from a command's heading to the next one. */
function sectionOf(name: string): string {
  const heading = page.split('\n').findIndex((line) => line === `## ${name}` || line === `### ${name}`);
  if (heading < 0) return '';
  const rest = page.split('\n').slice(heading + 1);
  const end = rest.findIndex((line) => /^##+ /.test(line));
  return rest.slice(0, end < 0 ? undefined : end).join('\n');
}

const SHARED = ['--stack', '--env-file', '--output', '--tenant'];
const OF_CLUSTER = ['--documents', '--namespace', '--kubeconfig', '--context', '--cluster'];
const commands = commandsBelow(program);

/** Does it read files or a cluster, as the environment says? */
function takesDocuments({ options }: Command): boolean {
  return options.some(({ long, defaultValue }) => long === '--documents' && defaultValue === 'auto');
}

describe('docs/cli.md', () => {
  it.each(commands.map((command) => [nameOf(command), command] as const))(
    'has a section on %s with its own options, and no other',
    (name, command) => {
      const section = sectionOf(name);
      expect(section).not.toBe('');
      const own = command.options
        .map((option) => option.long ?? '')
        .filter((option) => !SHARED.includes(option))
        .filter((option) => !(takesDocuments(command) && OF_CLUSTER.includes(option)));
      const rows = section.split('\n').filter((line) => /^\| `-/.test(line));
      expect(rows.map((row) => /--[a-z-]+/.exec(row)?.[0]).sort()).toEqual(own.sort());
      for (const option of command.options.filter((item) => own.includes(item.long ?? ''))) {
        const flags = option.flags.split(', ').map((flag) => `\`${flag}\``);
        expect(section).toContain(flags.join(', '));
      }
    },
  );

  it('tells the shared options with what each command takes', () => {
    const shared = sectionOf('What all commands share');
    for (const option of SHARED) expect(shared).toContain(`\`${option} <`);
    for (const command of commands.filter((item) => item.commands.length === 0)) {
      const narrows = command.options.some((option) => option.long === '--tenant');
      const takesName = command.registeredArguments.some((argument) => argument.name() === 'tenant');
      const excepted = [
        'validate',
        'import',
        'destroy',
        'rotate',
        'operator',
        'migrate',
        'doctor',
        'schema',
        'dev',
        'api-keys revoke',
        'airbyte token-status',
      ].includes(nameOf(command));
      expect(narrows).toBe(!excepted && !takesName);
    }
  });

  it('tells the options of a cluster for the commands that take them, and hints give them to those', () => {
    const shared = sectionOf('What all commands share');
    for (const option of OF_CLUSTER) expect(shared).toContain(`${option} <`);
    for (const command of commands.filter((item) => item.commands.length === 0)) {
      expect(WITH_DOCUMENTS.test(nameOf(command)), nameOf(command)).toBe(takesDocuments(command));
    }
  });

  it('has only command lines that the program understands', () => {
    const lines = page.match(/tenantry [a-z][^\n`|<]*/g) ?? [];
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const words = line.split(' ').slice(1);
      const command = commands.findLast((item) => words.join(' ').startsWith(nameOf(item)));
      expect(command, line).toBeDefined();
      for (const option of line.match(/--[a-z-]+/g) ?? []) {
        expect(command?.options.map(({ long }) => long)).toContain(option);
      }
    }
  });
});
