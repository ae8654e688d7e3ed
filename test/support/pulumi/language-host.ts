/**
 * Pulumi's language host for Node.js, as small as the tests need it: it starts the SDK's own runner with the program.
 * Users get the real one with the CLI (github.com/pulumi/pulumi/tree/master/sdk/nodejs/cmd/pulumi-language-nodejs).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { LanguageRuntimeService } from '@pulumi/pulumi/proto/language_grpc_pb.js';
import type { RunRequest, RunResponse } from '@pulumi/pulumi/proto/language_pb.js';
import languageProto from '@pulumi/pulumi/proto/language_pb.js';
import pluginProto from '@pulumi/pulumi/proto/plugin_pb.js';
import emptyProto from 'google-protobuf/google/protobuf/empty_pb.js';
import { servePlugin } from './serve.ts';

/** The runner's exit code after an error that it has told the user already (its nodeJSProcessExitedAfterLogging…). */
const ALREADY_TOLD = 32;

const engine = process.argv.findLast((argument) => !argument.startsWith('-')) ?? '';
const running = new Set<ChildProcess>();

type Answer<T> = sendUnaryData<T>;

function endPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** The runner of the copy of @pulumi/pulumi that the program itself uses. */
function runnerFor(folder: string): string {
  return createRequire(join(folder, 'index.js')).resolve('@pulumi/pulumi/cmd/run/index.js');
}

function runnerArguments(request: RunRequest): string[] {
  const info = request.getInfo();
  const flags = [
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--root-directory=${info?.getRootDirectory() ?? request.getPwd()}`,
    `--stack=${request.getStack()}`,
    `--pwd=${info?.getProgramDirectory() ?? request.getPwd()}`,
    `--parallel=${request.getParallel()}`,
  ];
  if (request.getDryrun()) flags.push('--dry-run');
  return [...flags, info?.getEntryPoint() ?? request.getProgram(), ...request.getArgsList()];
}

function run(call: ServerUnaryCall<RunRequest, RunResponse>, answer: Answer<RunResponse>): void {
  const request = call.request;
  const folder = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const config = Object.fromEntries(request.getConfigMap().toArray());
  const response = new languageProto.RunResponse();
  const fail = (text: string): void => answer(null, response.setError(text));
  let runner: string;
  try {
    runner = runnerFor(folder);
  } catch {
    fail(`there is no @pulumi/pulumi for ${folder}: run npm install`);
    return;
  }
  const child = spawn(process.execPath, [runner, ...runnerArguments(request)], {
    cwd: folder,
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
    // The engine shows what a plugin prints after its port.
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  running.add(child);
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) => {
    running.delete(child);
    if (code === ALREADY_TOLD) answer(null, response.setBail(true));
    else if (code !== 0) fail(`the program exited with ${code ?? signal}`);
    else answer(null, response);
  });
}

const { GetRequiredPackagesResponse, GetRequiredPluginsResponse, AboutResponse } = languageProto;
const empty = new emptyProto.Empty();

await servePlugin(
  LanguageRuntimeService,
  {
    run,
    handshake: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new languageProto.LanguageHandshakeResponse()),
    getPluginInfo: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new pluginProto.PluginInfo().setVersion('3.0.0')),
    // What a program needs is on PATH or in Pulumi.yaml: nothing is to be downloaded.
    getRequiredPackages: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new GetRequiredPackagesResponse()),
    getRequiredPlugins: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new GetRequiredPluginsResponse()),
    getProgramDependencies: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new languageProto.GetProgramDependenciesResponse()),
    runtimeOptionsPrompts: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new languageProto.RuntimeOptionsResponse()),
    about: (_call: unknown, answer: Answer<unknown>) =>
      answer(null, new AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    installDependencies: (call: ServerWritableStream<unknown, unknown>) => call.end(),
    cancel(_call: unknown, answer: Answer<unknown>) {
      endPrograms();
      answer(null, empty);
    },
  },
  endPrograms,
);
