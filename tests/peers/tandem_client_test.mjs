// npm's Tandem client (@frumu/tandem-client) against the real program: its own calls, sessions,
// runs and their streams, permissions and questions. Its services are in tandem_services_test.mjs, a
// whole coding session in tandem_coding_test.mjs. An answer that does not fit the client's models
// throws in the client.
//
//   node tandem_client_test.mjs PROGRAM
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { isRunTerminalEvent } from '@frumu/tandem-client';

import { patience } from './program.mjs';
import {
  CallCount, TandemServer, eventsUntil, ofType, runEvents, saidIn, useTool,
} from './tandem.mjs';

const server = new TandemServer();
const calls = new CallCount();
let client;

before(async () => {
  await server.start(process.argv[2]);
  client = server.client;
  calls.watch(client, '');
  for (const name of ['sessions', 'permissions', 'questions']) calls.watch(client[name], name);
});
after(() => server.stop());

const limits = { timeout: patience };
const newSession = (title, more = {}) => client.sessions.create({ title, ...more });
// In a folder of its own.
async function newFolderSession(title, more = {}) {
  const folder = server.folder();
  return { session: await newSession(title, { directory: folder, ...more }), folder };
}

// A run whose model has been asked and says nothing yet.
async function begin(session, prompt = 'hi', ...more) {
  const { runId } = await client.sessions.promptAsync(session, prompt, ...more);
  return { runId, call: await server.model.nextCall() };
}
// A run of one answer, to its end.
async function answered(session, answer, prompt = 'hi') {
  const { runId, call } = await begin(session, prompt);
  call.answerWith(answer);
  return { runId, call, events: await runEvents(client, session, runId) };
}
// The events that a client takes for the end of a run.
const endsOf = (events) => events.filter((event) => isRunTerminalEvent(event)).map(({ type }) => type);
const refusedWith = (status, code) => new RegExp(`\\(${status}\\b[^]*${code}`);

describe('the client', () => {
  test('hears that the server is ready', limits, async () => {
    const health = await client.health();
    assert.equal(health.ready, true);
    assert.equal(health.phase, 'ready');
  });

  test('is refused with another token until it is given the right one', limits, async () => {
    const stranger = server.newClient('tk_00000000000000000000000000000000');
    assert.equal((await stranger.health()).ready, true);
    await assert.rejects(stranger.sessions.list(), refusedWith(401, 'AUTH_REQUIRED'));
    await assert.rejects(stranger.sessions.promptAsync('none', 'hi'), refusedWith(401, 'AUTH_REQUIRED'));
    await assert.rejects(stranger.stream('none').next(), refusedWith(401, 'AUTH_REQUIRED'));
    stranger.setToken(server.program.operatorToken);
    assert.ok(Array.isArray((await stranger.sessions.list()).sessions));
    client.setToken(server.program.operatorToken);
  });

  test('finds the tools by the names of the engine', limits, async () => {
    const ids = await client.listToolIds();
    for (const name of ['bash', 'read', 'write', 'edit', 'glob', 'grep', 'webfetch', 'websearch', 'todo_write']) {
      assert.ok(ids.includes(name), name);
    }
    const tools = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name), ids);
    for (const { name, description, input_schema: schema } of tools) {
      assert.equal(schema.type, 'object', name);
      assert.notEqual(description, '', name);
    }
  });

  test('executes a tool, once it is permitted', limits, async () => {
    const { session, folder } = await newFolderSession('executes');
    const inSession = { __session_id: session };
    writeFileSync(path.join(folder, 'plan.txt'), 'columns first\n');
    const read = await client.executeTool('read', { path: 'plan.txt', ...inSession });
    assert.match(read.output, /columns first/);
    const call = () => client.executeTool('write', { path: 'new.txt', content: 'made', ...inSession });
    await assert.rejects(call(), refusedWith(409, 'APPROVAL_PENDING'));
    assert.ok(!existsSync(path.join(folder, 'new.txt')));
    const { requests } = await client.permissions.list();
    const request = requests.find(({ args }) => args.path === 'new.txt');
    assert.equal(request.tool, 'write');
    await client.permissions.reply(request.id, 'once');
    await call();
    assert.equal(readFileSync(path.join(folder, 'new.txt'), 'utf8'), 'made');
    await assert.rejects(client.executeTool('no_such_tool'), refusedWith(404, 'TOOL_NOT_FOUND'));
  });
});

describe('a run', () => {
  test('streams its answer as it is made, then its end', limits, async () => {
    const session = await newSession('streams');
    const { runId, call } = await begin(session);
    call.say('one ');
    let said = '';
    const events = await runEvents(client, session, runId, ({ type, properties }) => {
      if (type !== 'session.response') return;
      said += properties.delta;
      // The model goes on only because its first words have arrived.
      if (said === 'one ') call.answerWith('two');
    });
    assert.equal(saidIn(events), 'one two');
    assert.deepEqual(events.slice(0, 2).map(({ type }) => type), ['server.connected', 'engine.lifecycle.ready']);
    assert.deepEqual(endsOf(events), ['run.completed', 'session.run.finished']);
    assert.deepEqual(events.slice(-2).map(({ type }) => type), ['run.completed', 'session.run.finished']);
    assert.equal(events.at(-1).properties.status, 'completed');
    for (const event of events.slice(2)) {
      assert.equal(event.sessionId, session, event.type);
      assert.equal(event.runId, runId, event.type);
      assert.ok(!Number.isNaN(Date.parse(event.timestamp)), event.type);
    }
    const [usage] = ofType(events, 'provider.usage');
    assert.equal(usage.properties.promptTokens, 12);
    assert.equal(usage.properties.completionTokens, 34);
  });

  test('can be read after its end, and in pages', limits, async () => {
    const session = await newSession('read later');
    const { runId, events } = await answered(session, 'all of it');
    const again = await runEvents(client, session, runId);
    assert.equal(saidIn(again), 'all of it');
    const told = (list) => list.map(({ type, properties }) => ({ type, properties }));
    assert.deepEqual(told(again.slice(2)), told(events.slice(2)));
    // The client drops events that do not fit its model; none is missing.
    const stored = await client.runEvents(runId);
    assert.deepEqual(told(stored), told(again.slice(2)));
    assert.deepEqual(await client.runEvents(runId, { sinceSeq: stored[2].seq }), stored.slice(3));
    assert.deepEqual(await client.runEvents(runId, { tail: 2 }), stored.slice(-2));
  });

  test('is one of those that the global stream tells of', limits, async () => {
    const sessions = [await newSession('left'), await newSession('right')];
    const ended = new Set();
    await eventsUntil(
      () => ended.size === 2,
      (options) => client.globalStream(options),
      async ({ type, sessionId }) => {
        if (type === 'engine.lifecycle.ready') {
          for (const session of sessions) (await begin(session)).call.answerWith('done');
        }
        if (type === 'session.run.finished' && sessions.includes(sessionId)) ended.add(sessionId);
      },
    );
  });

  test('asks the model that was chosen, with the tools that it may call', limits, async () => {
    const session = await newSession('chooses', { provider: 'stub', model: 'other-model' });
    const plain = await begin(session);
    assert.equal(plain.call.request.model, 'other-model');
    assert.ok(plain.call.tools.length > 5);
    plain.call.answerWith('ok');
    await runEvents(client, session, plain.runId);

    const stub = { provider: 'stub', model: 'some-model' };
    const without = await begin(session, 'hi', stub, { toolMode: 'none', contextMode: 'full' });
    assert.equal(without.call.request.model, 'some-model');
    assert.deepEqual(without.call.tools, []);
    without.call.answerWith('ok');
    await runEvents(client, session, without.runId);

    const one = await begin(session, 'hi', undefined, { toolMode: 'required', toolAllowlist: ['read'] });
    assert.deepEqual(one.call.tools, ['read']);
    assert.equal(one.call.request.tool_choice, 'required');
    one.call.use('todo_write', { todos: [] });
    const next = await server.model.nextCall();
    next.answerWith('ok');
    const events = await runEvents(client, session, one.runId);
    const [result] = ofType(events, 'session.tool_result');
    assert.ok(result.properties.error, 'a tool that is not on the list does not run');
  });

  test('takes files along', limits, async () => {
    const { session, folder } = await newFolderSession('files');
    writeFileSync(path.join(folder, 'plan.txt'), 'columns first');
    const inline = `data:text/plain;base64,${Buffer.from('then the roof').toString('base64')}`;
    const { runId } = await client.sessions.promptAsyncParts(session, [
      { type: 'file', mime: 'text/plain', filename: 'plan.txt', url: path.join(folder, 'plan.txt') },
      { type: 'file', mime: 'text/plain', filename: 'rest.txt', url: inline },
      { type: 'text', text: 'Explain these.' },
    ]);
    const call = await server.model.nextCall();
    call.answerWith('Explained.');
    await runEvents(client, session, runId);
    const asked = JSON.stringify(call.request.messages);
    for (const text of ['plan.txt', 'rest.txt', 'Explain these.']) assert.ok(asked.includes(text), text);
    const [{ info, parts }] = await client.sessions.messages(session);
    assert.equal(info.role, 'user');
    assert.match(parts.map(({ text }) => text).join('\n'), /\[file mime=text\/plain name=plan\.txt/);
    const outside = [{ type: 'file', mime: 'text/plain', url: '/etc/passwd' }];
    const refused = await client.sessions.promptAsyncParts(session, outside);
    const told = await runEvents(client, session, refused.runId);
    assert.equal(ofType(told, 'session.run.finished')[0].properties.status, 'error');
    assert.match(JSON.stringify(ofType(told, 'session.error')), /parts\[0\]\.url/);
    assert.ok(!JSON.stringify(await client.sessions.messages(session)).includes('root:'), 'nothing was read');
  });

  test('is the one that a busy session gives for another prompt', limits, async () => {
    const session = await newSession('busy');
    assert.equal((await client.sessions.activeRun(session)).active, null);
    const { runId, call } = await begin(session, 'the first');
    const { active } = await client.sessions.activeRun(session);
    assert.equal(active.runId, runId);
    assert.ok(active.startedAtMs <= active.lastActivityAtMs);
    assert.deepEqual(await client.sessions.promptAsync(session, 'the second'), { runId });
    await assert.rejects(client.sessions.promptSync(session, 'the third'), refusedWith(409, 'SESSION_RUN_CONFLICT'));
    call.answerWith('done');
    await runEvents(client, session, runId);
    assert.equal((await client.sessions.activeRun(session)).active, null);
    const said = (await client.sessions.messages(session)).map(({ parts }) => parts[0].text);
    assert.deepEqual(said, ['the first', 'done']);
  });

  test('can be waited for', limits, async () => {
    const session = await newSession('waits');
    const reply = client.sessions.promptSync(session, 'hi');
    (await server.model.nextCall()).answerWith('Hello.');
    assert.equal(await reply, 'Hello.');
  });

  for (const verb of ['abort', 'cancel', 'cancelRun']) {
    test(`is over after ${verb}(), and its session is free`, limits, async () => {
      const session = await newSession(verb);
      const { runId, call } = await begin(session);
      call.say('half of');
      let next;
      const events = await runEvents(client, session, runId, async ({ type }) => {
        if (type === 'session.response') {
          const stopped = await client.sessions[verb](session, runId);
          assert.equal(stopped.ok, true);
          assert.equal(stopped.cancelled, true);
        }
        // Whoever hears of the end may prompt at once.
        if (type === 'session.run.finished') next = await client.sessions.promptAsync(session, 'again');
      });
      await call.closed;
      assert.deepEqual(endsOf(events), ['run.cancelled', 'session.run.finished']);
      assert.equal(events.at(-1).properties.status, 'cancelled');
      assert.notEqual(next.runId, runId);
      (await server.model.nextCall()).answerWith('ok');
      await runEvents(client, session, next.runId);
      assert.equal((await client.sessions[verb](session, runId)).cancelled, false, 'nothing runs');
    });
  }

  test('that fails says so, and is a message', limits, async () => {
    const session = await newSession('fails');
    const nobody = await client.sessions.promptAsync(session, 'hi', { provider: 'nobody', model: 'x' });
    const [error] = ofType(await runEvents(client, session, nobody.runId), 'session.error');
    assert.match(JSON.stringify(error), /MODEL_SELECTION_REQUIRED/);
    const { runId } = await client.sessions.promptAsync(session, 'hi', undefined, { toolMode: 'required' });
    (await server.model.nextCall()).answerWith('no tool for that');
    const events = await runEvents(client, session, runId);
    assert.deepEqual(endsOf(events), ['run.failed', 'session.run.finished']);
    assert.equal(events.at(-1).properties.status, 'error');
    const messages = await client.sessions.messages(session);
    assert.match(messages.at(-1).parts[0].text, /^ENGINE_ERROR: /);
  });
});

describe('a session', () => {
  test('is made with the title and the folder that it was given', limits, async () => {
    const { session, folder } = await newFolderSession('My agent');
    const record = await client.sessions.get(session);
    assert.equal(record.id, session);
    assert.equal(record.title, 'My agent');
    assert.equal(record.directory, folder);
    assert.ok(Math.abs(record.createdAtMs - Date.now()) < patience);
    assert.equal((await client.sessions.get(await client.sessions.create())).title, 'Tandem SDK Session');
  });

  test('is found in pages, by words, folder and archive', limits, async () => {
    const made = [];
    const { folder } = await newFolderSession('elsewhere');
    for (let i = 0; i < 5; i += 1) made.push(await newSession(`Heron ${i}`, { directory: folder }));
    await newSession('Stork');
    const newestFirst = [...made].reverse();
    const pages = [];
    for (const page of [1, 2, 3, 4]) {
      const { sessions, count } = await client.sessions.list({ q: 'heron', page, pageSize: 2 });
      assert.equal(count, 5);
      pages.push(sessions.map(({ id }) => id));
    }
    assert.deepEqual(pages.map(({ length }) => length), [2, 2, 1, 0]);
    assert.deepEqual(pages.flat(), newestFirst);
    const there = await client.sessions.list({ workspace: folder, scope: 'workspace' });
    assert.equal(there.count, 6);
    for (const { directory } of there.sessions) assert.equal(directory, folder);

    const archived = await client.sessions.archive(made[0]);
    assert.equal(archived.archived, true);
    const ids = async (filter) => (await client.sessions.list({ q: 'Heron', ...filter })).sessions.map(({ id }) => id);
    assert.deepEqual(await ids({ archived: true }), [made[0]]);
    assert.deepEqual((await ids({ archived: false })).sort(), made.slice(1).sort());
    assert.deepEqual((await ids({})).sort(), [...made].sort());
    const renamed = await client.sessions.update(made[0], { title: 'Egret', archived: false });
    assert.equal(renamed.title, 'Egret');
    assert.ok(!renamed.archived);
    assert.equal((await ids({})).length, 4);
    assert.equal((await client.sessions.get(made[0])).title, 'Egret');
  });

  test('keeps its messages and its plan', limits, async () => {
    const session = await newSession('messages');
    assert.deepEqual(await client.sessions.messages(session), []);
    assert.deepEqual(await client.sessions.todos(session), []);
    await answered(session, 'Hello.', 'hi');
    const { events } = await useTool(client, session, 'todo_write', {
      todos: [{ content: 'columns', status: 'completed' }, { text: 'roof' }],
    });
    const plan = await client.sessions.todos(session);
    assert.deepEqual(plan.map(({ content, status }) => ({ content, status })),
      [{ content: 'columns', status: 'completed' }, { content: 'roof', status: 'pending' }]);
    assert.deepEqual(ofType(events, 'todo.updated').at(-1).properties.todos, plan);
    const messages = await client.sessions.messages(session);
    assert.deepEqual(messages.map(({ info }) => info.role), ['user', 'assistant', 'user', 'assistant']);
    assert.deepEqual(messages.slice(0, 2).map(({ parts }) => parts[0].text), ['hi', 'Hello.']);
    for (const { info } of messages) assert.equal(info.sessionID, session);
    assert.ok(messages[3].parts.some(({ type, tool }) => type === 'tool' && tool === 'todo_write'));
  });

  test('is gone after delete(), with its run', limits, async () => {
    const session = await newSession('goes');
    const { call } = await begin(session);
    await client.sessions.delete(session);
    await call.closed;
    for (const gone of [
      () => client.sessions.get(session),
      () => client.sessions.messages(session),
      () => client.sessions.activeRun(session),
      () => client.sessions.update(session, { title: 'x' }),
      () => client.sessions.fork(session),
      () => client.sessions.promptAsync(session, 'hi'),
      () => client.stream(session).next(),
    ]) {
      await assert.rejects(gone, refusedWith(404, 'SESSION_NOT_FOUND'));
    }
    const { sessions } = await client.sessions.list({ q: 'goes' });
    assert.deepEqual(sessions, []);
    await client.sessions.delete(session); // again, and without an error
    assert.deepEqual((await client.sessions.abort(session)).cancelled, false);
  });

  test('has forks, which go their own way', limits, async () => {
    const session = await newSession('trunk');
    await answered(session, 'Hello.');
    const fork = await client.sessions.fork(session);
    assert.notEqual(fork.id, session);
    assert.equal(fork.title, 'trunk (fork)');
    const texts = async (id) => (await client.sessions.messages(id)).map(({ parts }) => parts[0].text);
    assert.deepEqual(await texts(fork.id), ['hi', 'Hello.']);
    await answered(fork.id, 'A branch.', 'and?');
    assert.deepEqual(await texts(fork.id), ['hi', 'Hello.', 'and?', 'A branch.']);
    assert.deepEqual(await texts(session), ['hi', 'Hello.']);
    assert.deepEqual((await client.sessions.children(session)).map(({ id }) => id), [fork.id]);
    assert.deepEqual(await client.sessions.children(fork.id), []);
  });

  test('shows what its run changed, takes it back and brings it again', limits, async () => {
    const { session, folder } = await newFolderSession('changes');
    const file = path.join(folder, 'a.txt');
    const made = path.join(folder, 'sub', 'b.bin');
    const original = Buffer.from('one\ntwo\n\xff', 'latin1');
    writeFileSync(file, original);
    mkdirSync(path.join(folder, 'sub'));
    assert.deepEqual((await client.sessions.diff(session)).files, []);
    const command = "printf 'one\\n2\\n' > a.txt; printf '\\000\\001' > sub/b.bin";
    await useTool(client, session, 'bash', { command }, 'once');
    const changed = readFileSync(file);
    const { diff, files } = await client.sessions.diff(session);
    assert.deepEqual(files.sort(), ['a.txt', 'sub/b.bin']);
    assert.equal(typeof diff, 'string');
    assert.equal((await client.sessions.revert(session)).ok, true);
    assert.deepEqual(readFileSync(file), original);
    assert.ok(!existsSync(made));
    assert.equal((await client.sessions.unrevert(session)).ok, true);
    assert.deepEqual(readFileSync(file), changed);
    assert.deepEqual(readFileSync(made), Buffer.from([0, 1]));
  });

  test('is summarized by its model, and keeps no trace of it', limits, async () => {
    const session = await newSession('long');
    await answered(session, 'Marble.', 'Of what is it?');
    const asking = client.sessions.summarize(session);
    const call = await server.model.nextCall();
    assert.ok(call.asked.some(({ text }) => text === 'Marble.'));
    call.answerWith('It is of marble.');
    const { ok, summary } = await asking;
    assert.equal(ok, true);
    assert.equal(summary, 'It is of marble.');
    assert.equal((await client.sessions.messages(session)).length, 2);
    assert.deepEqual(await client.sessions.children(session), []);
  });

  test('moves to another folder', limits, async () => {
    const { session, folder } = await newFolderSession('moves');
    const target = server.folder();
    writeFileSync(path.join(target, 'here.txt'), 'found it');
    const moved = await client.sessions.attach(session, target);
    assert.equal(moved.attachedFromWorkspace, folder);
    assert.equal(moved.attachedToWorkspace, target);
    assert.equal((await client.sessions.get(session)).workspaceRoot, target);
    const { results } = await useTool(client, session, 'read', { path: 'here.txt' });
    assert.match(results[0].output, /found it/);
  });
});

describe('a permission', () => {
  const command = { command: 'echo permitted > made.txt; cat made.txt' };

  test('that is denied stops the tool, and the run goes on', limits, async () => {
    for (const reply of ['deny', 'reject']) {
      const { session, folder } = await newFolderSession(reply);
      const { runId, call } = await begin(session, 'make it');
      call.use('bash', command);
      const events = await runEvents(client, session, runId, async ({ type, properties }) => {
        if (type !== 'permission.request') return;
        assert.equal(properties.permission, 'bash');
        assert.deepEqual(properties.args, command);
        assert.deepEqual(await client.permissions.reply(properties.id, reply), { ok: true });
        const told = await server.model.nextCall();
        assert.equal(told.asked.at(-1).role, 'tool');
        told.answerWith('Then not.');
      });
      assert.ok(!existsSync(path.join(folder, 'made.txt')));
      const [result] = ofType(events, 'session.tool_result');
      assert.equal(result.properties.state, 'denied');
      assert.ok(result.properties.error);
      assert.deepEqual(ofType(events, 'session.tool_call'), [], 'it never began');
      assert.equal(saidIn(events), 'Then not.');
      assert.equal(events.at(-1).properties.status, 'completed');
    }
  });

  for (const reply of ['once', 'allow']) {
    test(`that is given with ${reply} is for one call`, limits, async () => {
      const { session, folder } = await newFolderSession(reply);
      const first = await useTool(client, session, 'bash', command, reply);
      assert.equal(first.asked.length, 1);
      assert.match(first.results[0].output, /permitted/);
      assert.equal(readFileSync(path.join(folder, 'made.txt'), 'utf8'), 'permitted\n');
      const second = await useTool(client, session, 'bash', command, 'deny');
      assert.equal(second.asked.length, 1, 'it asks again');
      assert.equal(second.results[0].state, 'denied');
    });
  }

  test('that is given for always holds for the next call, in that folder', limits, async () => {
    const { session, folder } = await newFolderSession('always');
    const first = await useTool(client, session, 'bash', { command: 'echo one' }, 'always');
    assert.equal(first.asked.length, 1);
    const { requests, rules } = await client.permissions.list();
    assert.ok(!requests.some(({ id }) => id === first.asked[0].id), 'it waits no more');
    const rule = rules.find((each) => each.directory === folder);
    assert.equal(rule.permission, 'bash');
    assert.equal(rule.pattern, 'echo one');
    assert.equal(rule.action, 'allow');
    const second = await useTool(client, session, 'bash', { command: 'echo one' });
    assert.match(second.results[0].output, /one/);
    const sibling = await newSession('beside it', { directory: folder });
    await useTool(client, sibling, 'bash', { command: 'echo one' });
    const other = await useTool(client, session, 'bash', { command: 'echo two' }, 'deny');
    assert.equal(other.asked.length, 1, 'another command asks');
    const { session: elsewhere } = await newFolderSession('elsewhere');
    const asked = await useTool(client, elsewhere, 'bash', { command: 'echo one' }, 'deny');
    assert.equal(asked.asked.length, 1, 'another folder asks');
  });

  test('is listed while it waits, and not when its run is over', limits, async () => {
    const { session } = await newFolderSession('listed');
    const { runId } = await client.sessions.promptAsync(session, `/tool bash ${JSON.stringify(command)}`);
    let id;
    await runEvents(client, session, runId, async ({ type, properties }) => {
      if (type !== 'permission.request') return;
      ({ id } = properties);
      const { requests } = await client.permissions.list();
      const request = requests.find((each) => each.id === id);
      assert.equal(request.sessionID, session);
      assert.equal(request.permission, 'bash');
      assert.equal(request.status, 'pending');
      assert.deepEqual(request.args, command);
      await client.sessions.abort(session);
    });
    const { requests } = await client.permissions.list();
    assert.ok(!requests.some((each) => each.id === id));
    await assert.rejects(client.permissions.reply('none', 'once'), refusedWith(404, 'permission_request_not_found'));
    await assert.rejects(client.permissions.reply(id, 'perhaps'), refusedWith(400, 'invalid_permission_reply'));
  });

  test('may stand in the rules of a session', limits, async () => {
    const { session } = await newFolderSession('rules', {
      permissions: [
        { permission: 'bash', pattern: 'echo *', action: 'allow' },
        { permission: 'read', pattern: '*', action: 'deny' },
      ],
    });
    const echo = await useTool(client, session, 'bash', { command: 'echo freely' });
    assert.match(echo.results[0].output, /freely/);
    const other = await useTool(client, session, 'bash', { command: 'touch x' }, 'deny');
    assert.equal(other.asked.length, 1);
    const read = await useTool(client, session, 'read', { path: 'x' });
    assert.ok(read.results[0].error);
  });
});

describe('a question', () => {
  // A run whose model asks; `answer` is told the question's id.
  async function asks(title, answer) {
    const session = await newSession(title);
    const { runId, call } = await begin(session, 'paint it');
    call.use('question', { question: 'Which colour?', options: ['red', 'blue'] });
    let heard;
    const events = await runEvents(client, session, runId, async ({ type, properties }) => {
      if (type !== 'question.asked') return;
      const { questions } = await client.questions.list();
      const question = questions.find(({ id }) => id === properties.id);
      assert.equal(question.sessionID, session);
      assert.equal(question.text, 'Which colour?');
      assert.deepEqual(question.choices, ['red', 'blue']);
      assert.deepEqual(question.questions[0].options.map(({ label }) => label), ['red', 'blue']);
      assert.equal((await answer(question.id)).ok, true);
      const told = await server.model.nextCall();
      heard = told.asked.at(-1);
      told.answerWith('As you like.');
    });
    assert.equal(saidIn(events), 'As you like.');
    const { questions } = await client.questions.list();
    assert.ok(!questions.some(({ sessionID }) => sessionID === session));
    return { heard, events };
  }

  test('is answered, and the model hears it', limits, async () => {
    const { heard, events } = await asks('answers', (id) => client.questions.reply(id, 'blue'));
    assert.equal(heard.role, 'tool');
    assert.match(heard.text, /blue/);
    assert.equal(ofType(events, 'question.replied').length, 1);
  });

  test('is rejected, and the model hears that', limits, async () => {
    const { heard, events } = await asks('rejects', (id) => client.questions.reject(id));
    assert.equal(heard.role, 'tool');
    assert.doesNotMatch(heard.text, /blue/);
    assert.equal(ofType(events, 'question.replied')[0].properties.ok, false);
    await assert.rejects(client.questions.reply('none', 'x'), refusedWith(404, 'QUESTION_NOT_FOUND'));
  });
});

test('every call of these was made', () => assert.deepEqual(calls.missing, []));
