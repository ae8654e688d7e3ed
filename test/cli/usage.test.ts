/** Help, wrong usage, and what every command owes to programs that call it. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { version } from '../../src/version.ts';
import { cli, cliJson, type ErrorDocument, silentIo } from '../support/cli.ts';

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}

const program = createProgram({ io: silentIo(), exit: () => undefined });
const all = [...leaves(program), ...program.commands.filter((command) => command.commands.length > 0)];
const names = all.map((command) => pathOf(command).join(' '));

describe('help', () => {
  it('is a page with the first steps for a newcomer', async () => {
    const { code, stdout, stderr } = await cli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['tenantry dev', 'tenantry validate', 'Exit codes']) expect(stdout).toContain(word);
  });

  it.each(names)('of %s has a description and an example of its own', async (name) => {
    const { code, stdout } = await cli([...name.split(' '), '--help']);
    expect(code).toBe(0);
    const examples = stdout.slice(stdout.indexOf('Examples:\n') + 1);
    expect(stdout).toContain('Examples:\n');
    expect(examples).toContain(`tenantry ${name}`);
  });

  it.each(names)('of %s fits a terminal of 120 characters', async (name) => {
    const { stdout } = await cli([...name.split(' '), '--help']);
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  it('names only options that exist in the examples', () => {
    for (const command of leaves(program)) {
      const text = command.helpInformation({ error: false });
      const help = captureHelp(command);
      for (const line of help.split('Examples:\n')[1]?.split('\n') ?? []) {
        const own = line.includes(`tenantry ${pathOf(command).join(' ')}`) ? line.split('|')[0] : '';
        for (const option of own?.match(/--[a-z-]+/g) ?? []) expect(text).toContain(option);
      }
    }
  });

  it('tells the version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${version()}\n`, stderr: '' });
  });

  it('is shown when no command is given, and for a group alone', async () => {
    expect(await cli([])).toMatchObject({ code: 1, stdout: expect.stringContaining('Commands:') });
    expect(await cli(['credentials'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('credentials'),
    });
  });
});

function captureHelp(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

describe('wrong usage', () => {
  it.each([
    ['an unknown command', ['pla'], "unknown command 'pla'", 'did you mean plan?'],
    ['an unknown option', ['plan', '--tenan', 'x'], "unknown option '--tenan'", 'did you mean --tenant?'],
    ['an unknown format', ['plan', '--output', 'xml'], "argument 'xml' is invalid", '`tenantry plan --help`'],
    ['a missing argument', ['destroy'], "missing required argument 'tenant'", '`tenantry destroy --help`'],
    ['an argument too many', ['plan', 'acme'], 'too many arguments', '`tenantry plan --help`'],
    [
      'an unknown subcommand',
      ['credentials', 'lst'],
      "unknown command 'lst'",
      '`tenantry credentials --help`',
    ],
    ['an unknown schema', ['schema', 'crds/x'], 'there is no schema "crds/x"', 'one of crds/'],
  ])('%s is told with the next step, on stderr', async (_name, args, message, hint) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^InvalidUsage: /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it.each([
    [['pla', '-o', 'json']],
    [['plan', '--wrong', '--output=json']],
    [['destroy', '-ojson']],
    [['schema', 'x', '--output', 'json']],
    [['plan', '--stack', 'nowhere', '--output', 'json']],
  ])('%j is one JSON document on stdout', async (args) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const { ok, error } = JSON.parse(stdout) as ErrorDocument;
    expect(ok).toBe(false);
    expect(error).toEqual({
      code: expect.stringMatching(/^(InvalidUsage|StackNotFound)$/),
      message: expect.any(String),
      hint: expect.any(String),
      retryable: false,
    });
  });

  it('every command on a stack gives JSON for a stack that is not there', async () => {
    // An import makes the stack.
    const onStack = leaves(program).filter(
      (command) => command.name() !== 'import' && command.options.some((option) => option.long === '--stack'),
    );
    expect(onStack.length).toBeGreaterThan(8);
    for (const command of onStack) {
      const words = command.registeredArguments.map(() => 'acmeacmeacme');
      const required = command.options.flatMap(({ mandatory, long }) =>
        mandatory && long ? [long, 'x'] : [],
      );
      const args = [...pathOf(command), ...words, ...required, '--stack', 'nowhere'];
      const { code, json } = await cliJson<ErrorDocument>(args);
      expect(code).toBe(1);
      expect(json.error.code).toBe('StackNotFound');
    }
  });
});
