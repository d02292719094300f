// A coding session with npm's Tandem client (@frumu/tandem-client) against the real program: a model asks
// for an edit and a command in a git repository, a human permits both, the changes are looked at and
// taken back byte for byte. The server is killed while it waits for the human. The model is the
// vendors' emulator, whose turn stands in the prompt (scripted_model.mjs).
//
//   node tandem_coding_test.mjs PROGRAM
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { LLMock } from '@copilotkit/aimock';
import { TandemClient } from '@frumu/tandem-client';

import { Line } from './line.mjs';
import { Program, patience } from './program.mjs';
import { scripted } from './scripted_model.mjs';
import { eventsUntil, ofType, runEvents, saidIn } from './tandem.mjs';

const model = new LLMock({ port: 0, host: '127.0.0.1', strict: true });
model.addFixture(scripted);
// Clients keep one address, also over a restart.
const line = new Line();
let program;
let client;
let repository;

const git = (...words) => execFileSync('git', words, {
  cwd: repository,
  encoding: 'utf8',
  // Looking at it changes nothing.
  env: { PATH: process.env.PATH, HOME: repository, GIT_CONFIG_NOSYSTEM: '1', GIT_OPTIONAL_LOCKS: '0' },
});

// Every file below the repository, those of git included, with its mode and its bytes.
function contents(folder = repository) {
  const out = {};
  for (const name of readdirSync(folder).sort()) {
    const whole = path.join(folder, name);
    const status = lstatSync(whole);
    if (status.isDirectory()) Object.assign(out, contents(whole));
    else out[path.relative(repository, whole)] = `${status.mode} ${readFileSync(whole, 'base64')}`;
  }
  return out;
}

before(async () => {
  await model.start();
  program = new Program(process.argv[2], `${model.url}/v1`);
  await program.start();
  await line.start(program.port);
  client = new TandemClient({ baseUrl: line.url, token: program.operatorToken });
  repository = realpathSync(mkdtempSync(path.join(tmpdir(), 'colonnade-peers-git-')));
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(path.join(repository, 'hello.py'), 'def greeting():\n    return "Hello"\n');
  writeFileSync(path.join(repository, 'data.bin'), Buffer.from([0, 255, 10, 13, 0]), { mode: 0o755 });
  git('add', '.');
  git('-c', 'user.name=Peers', '-c', 'user.email=peers@example.org', 'commit', '--quiet', '--message=Begin');
});
after(async () => {
  line.stop();
  await program.remove();
  await model.stop();
  rmSync(repository, { recursive: true, force: true });
});

const turn = [
  { tool: 'read', arguments: { path: 'hello.py' } },
  { tool: 'edit', arguments: { path: 'hello.py', old: '"Hello"', new: '"Hello, world"' } },
  {
    tool: 'bash',
    arguments: {
      command: 'printf "\\001\\002" > data.bin && chmod 644 data.bin && mkdir -p out && '
        + "sed -n 's/.*return \"\\(.*\\)\"/\\1/p' hello.py > out/said.txt && cat out/said.txt && pwd",
    },
  },
  { text: 'Done: {result}' },
];

// The next permission that the run asks for, and the events on the way to it.
async function nextRequest(session, runId, known) {
  const events = await eventsUntil(
    ({ type, properties }) => type === 'permission.request' && !known.includes(properties.id),
    (options) => client.stream(session, runId, options),
    ({ type }) => assert.notEqual(type, 'session.run.finished', 'the run ended without asking'),
  );
  return { request: events.at(-1).properties, events };
}

async function restart() {
  await program.kill();
  await program.start();
  line.port = program.port;
}

test('a change is asked for, permitted over a kill, looked at and taken back', { timeout: 2 * patience }, async () => {
  const original = contents();
  const session = await client.sessions.create({ title: 'Greet the world', directory: repository });
  assert.equal((await client.sessions.get(session)).directory, repository);
  const { runId } = await client.sessions.promptAsync(session, `script-please ${JSON.stringify(turn)}`);

  const edit = await nextRequest(session, runId, []);
  assert.equal(edit.request.permission, 'edit');
  assert.equal(edit.request.args.path, 'hello.py');
  assert.match(ofType(edit.events, 'session.tool_result')[0].properties.output, /return "Hello"/);
  assert.deepEqual(contents(), original, 'nothing is changed before it is permitted');

  await restart();
  const { requests } = await client.permissions.list();
  assert.deepEqual(requests.map(({ id }) => id), [edit.request.id], 'the question survived');
  assert.equal((await client.sessions.activeRun(session)).active.runId, runId);
  assert.deepEqual(contents(), original);
  assert.deepEqual(await client.permissions.reply(edit.request.id, 'allow'), { ok: true });

  const bash = await nextRequest(session, runId, [edit.request.id]);
  assert.equal(bash.request.permission, 'bash');
  assert.deepEqual(bash.request.args, turn[2].arguments);
  const edited = readFileSync(path.join(repository, 'hello.py'), 'utf8');
  assert.equal(edited, 'def greeting():\n    return "Hello, world"\n');

  await restart();
  await client.permissions.reply(bash.request.id, 'once');
  const events = await runEvents(client, session, runId);
  const results = ofType(events, 'session.tool_result').map(({ properties }) => properties);
  assert.deepEqual(results.map(({ tool }) => tool), ['read', 'edit', 'bash'], 'each ran once');
  for (const { tool, error } of results) assert.equal(error, undefined, `${tool}: ${error}`);
  assert.match(results[2].output, /Hello, world\n\/workspace/, 'the sandbox shows the folder as /workspace');
  assert.match(saidIn(events), /^Done: [^]*Hello, world/);
  assert.equal(events.at(-1).properties.status, 'completed');

  const changed = contents();
  assert.equal(changed['out/said.txt'].split(' ')[1], Buffer.from('Hello, world\n').toString('base64'));
  const { diff, files } = await client.sessions.diff(session);
  assert.deepEqual([...files].sort(), ['data.bin', 'hello.py', 'out/said.txt']);
  assert.match(diff, /^-    return "Hello"$/m);
  assert.match(diff, /^\+    return "Hello, world"$/m);
  assert.equal(git('status', '--porcelain', '--untracked-files=all'), ' M data.bin\n M hello.py\n?? out/said.txt\n');

  const reverted = await client.sessions.revert(session);
  assert.equal(reverted.ok, true, JSON.stringify(reverted));
  assert.deepEqual(contents(), original);
  assert.equal((await client.sessions.unrevert(session)).ok, true);
  assert.deepEqual(contents(), changed);
  assert.equal((await client.sessions.revert(session)).ok, true);
  assert.deepEqual(contents(), original);
  assert.equal(git('status', '--porcelain'), '');
});
