// npm's Tandem client (@frumu/tandem-client) against the real program: providers, MCP servers (two of
// the protocol's own), memory, identity, skills and resources.
//
//   node tandem_services_test.mjs PROGRAM
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { models } from './held_provider.mjs';
import { patience } from './program.mjs';
import { CallCount, TandemServer, eventsUntil } from './tandem.mjs';

const server = new TandemServer();
const calls = new CallCount();
const namespaces = ['providers', 'mcp', 'memory', 'identity', 'skills', 'resources'];
let client;

before(async () => {
  const skills = server.folder();
  for (const [name, text] of [['review', 'Look for what is wrong.'], ['templates/blank', 'Write here.']]) {
    mkdirSync(path.join(skills, name), { recursive: true });
    writeFileSync(path.join(skills, name, 'SKILL.md'),
      `---\nname: ${path.basename(name)}\ndescription: ${text}\n---\n${text}\n`);
  }
  await server.start(process.argv[2], `skills:\n  folder: ${skills}\n`);
  client = server.client;
  for (const name of namespaces) calls.watch(client[name], name);
});
after(() => server.stop());

const limits = { timeout: patience };
const refusedWith = (status, code) => new RegExp(`\\(${status}\\b[^]*${code}`);
// What contract and server leave out; the client is told so.
const notServed = (call) => assert.rejects(call, refusedWith('(404|501)', '"error"'));

// What the model is asked next.
async function asked() {
  const session = await client.sessions.create({ title: 'asks' });
  const reply = client.sessions.promptSync(session, 'hi');
  const call = await server.model.nextCall();
  call.answerWith('ok');
  assert.equal(await reply, 'ok');
  return call;
}

describe('providers', () => {
  test('are listed with the models that they have', limits, async () => {
    const { all, connected, default: chosen } = await client.providers.catalog();
    const stub = all.find(({ id }) => id === 'stub');
    assert.deepEqual(Object.keys(stub.models).sort(), [...models].sort());
    assert.equal(stub.catalog_source, 'remote');
    assert.equal(stub.catalog_status, 'ok');
    assert.ok(connected.includes('stub'));
    assert.equal(typeof chosen, 'string');
    for (const id of ['openrouter', 'openai', 'anthropic', 'ollama', 'groq', 'mistral', 'together']) {
      const known = all.find((each) => each.id === id);
      assert.equal(known.catalog_status, 'unavailable', id);
      assert.ok(!connected.includes(id), id);
    }
  });

  test('answer with the model that was set', limits, async () => {
    assert.equal((await asked()).request.model, 'some-model');
    await client.providers.setDefaults('stub', 'other-model');
    const config = await client.providers.config();
    assert.equal(config.default, 'stub');
    assert.equal(config.providers.stub.default_model, 'other-model');
    assert.equal((await client.providers.catalog()).default, 'stub');
    assert.equal((await asked()).request.model, 'other-model');
  });

  test('are asked with the key that was set, which nobody is shown', limits, async () => {
    const secret = 'sk-of-the-peer-tests-9f2b';
    assert.equal((await asked()).key, 'Bearer test-key');
    await client.providers.setApiKey('stub', secret);
    assert.equal((await asked()).key, `Bearer ${secret}`);
    const { providers } = await client.providers.authStatus();
    assert.equal(providers.stub.has_key, true);
    assert.equal(providers.stub.connected, true);
    assert.equal(providers.stub.source, 'persisted');
    assert.equal(providers.anthropic.has_key, false);
    assert.equal(providers.anthropic.source, 'none');
    const shown = JSON.stringify([
      await client.providers.config(), await client.providers.catalog(), providers,
    ]);
    assert.ok(!shown.includes(secret));
    assert.ok(!shown.includes('test-key'));
    assert.equal((await client.providers.config()).providers.stub.api_key, '[REDACTED]');
  });

  test('are not signed in to', limits, async () => {
    for (const call of ['oauthAuthorize', 'oauthStatus', 'oauthUseLocalSession', 'oauthDisconnect']) {
      await notServed(client.providers[call]('openai', 'none'));
    }
  });
});

describe('an MCP server', () => {
  const packages = path.join(import.meta.dirname, 'node_modules/@modelcontextprotocol');
  const quoted = (...words) => `stdio:${words.map((word) => `"${word}"`).join(' ')}`;

  test('is added, connected, used and taken away', limits, async () => {
    const shared = server.folder();
    writeFileSync(path.join(shared, 'note.txt'), 'from the server');
    const program = path.join(packages, 'server-filesystem/dist/index.js');
    const told = new Set();
    await eventsUntil(
      () => told.has('mcp.server.deleted'),
      (options) => client.globalStream(options),
      async ({ type, properties }) => {
        if (properties.name === 'files') told.add(type);
        if (type === 'engine.lifecycle.ready') await useFiles(quoted(process.execPath, program, shared), shared);
      },
    );
    for (const type of ['mcp.server.connected', 'mcp.tools.updated', 'mcp.server.disconnected']) {
      assert.ok(told.has(type), type);
    }
  });

  async function useFiles(transport, shared) {
    assert.deepEqual(await client.mcp.add({ name: 'files', transport }), { ok: true });
    assert.equal((await client.mcp.connect('files')).ok, true);
    const { files } = await client.mcp.list();
    assert.equal(files.connected, true);
    assert.equal(files.enabled, true);
    assert.ok(files.tool_cache.some(({ tool_name: name }) => name === 'read_text_file'));

    const tools = await client.mcp.listTools();
    const names = tools.map(({ namespaced_name: name }) => name);
    assert.deepEqual(names, [...names].sort());
    assert.ok(names.every((name) => name.startsWith('mcp.files.')), names.join(' '));
    assert.ok(names.includes('mcp.files.read_text_file'));
    const resources = await client.mcp.listResources();
    assert.deepEqual(resources.map(({ server: name }) => name), ['files']);
    assert.equal((await client.mcp.refresh('files')).count, tools.length);
    assert.match(await client.mcp.catalogToml('files'), /name = "files"[^]*read_text_file/);

    // A tool of a server is asked for like any other.
    const read = () => client.executeTool('mcp.files.read_text_file', { path: path.join(shared, 'note.txt') });
    await assert.rejects(read(), refusedWith(409, 'APPROVAL_PENDING'));
    const { requests } = await client.permissions.list();
    const request = requests.find(({ tool }) => tool === 'mcp.files.read_text_file');
    await client.permissions.reply(request.id, 'once');
    assert.match((await read()).output, /from the server/);

    await client.mcp.disconnect('files');
    assert.equal((await client.mcp.list()).files.connected, false);
    assert.deepEqual(await client.mcp.listTools(), []);
    assert.equal((await client.mcp.connect('files')).ok, true);
    assert.equal((await client.mcp.setEnabled('files', false)).ok, true);
    assert.equal((await client.mcp.setEnabled('files', false)).ok, false, 'nothing changed');
    assert.equal((await client.mcp.list()).files.enabled, false);
    assert.deepEqual(await client.mcp.listTools(), []);
    assert.equal((await client.mcp.patch('files', { enabled: true })).ok, true);
    assert.equal((await client.mcp.connect('files')).ok, true);
    const gone = await client.mcp.delete('files');
    assert.equal(gone.ok, true);
    assert.equal(gone.removedToolCount, tools.length);
    assert.deepEqual(await client.mcp.list(), {});
    assert.equal((await client.mcp.delete('files')).ok, false);
    await assert.rejects(client.mcp.catalogToml('files'), refusedWith(404, ''));
  }

  test('that nobody runs says why, and hides what it was given', limits, async () => {
    const secret = 'Bearer of-the-peer-tests-77aa';
    const added = await client.mcp.add({
      name: 'away', transport: 'http://127.0.0.1:9/mcp', headers: { Authorization: secret },
    });
    assert.equal(added.ok, true);
    const connected = await client.mcp.connect('away');
    assert.equal(connected.ok, false);
    assert.equal((await client.mcp.refresh('away')).ok, false);
    const { away } = await client.mcp.list();
    assert.equal(away.connected, false);
    assert.ok(away.last_error);
    assert.deepEqual(away.headers, { Authorization: '[REDACTED]' });
    assert.ok(!JSON.stringify([away, connected]).includes(secret));
    // No human can let the server in where nothing answers.
    for (const call of ['auth', 'authenticate']) {
      const asked = await client.mcp[call]('away', {});
      assert.equal(asked.ok, false, call);
      assert.equal(asked.authorizationUrl, undefined, call);
    }
    assert.equal((await client.mcp.authCallback('away', { code: 'c', state: 'none' })).ok, false);
    assert.equal((await client.mcp.deleteAuth('away')).ok, true);
    assert.equal((await client.mcp.add({ name: 'away', transport: 'gopher://away' })).ok, false);
    assert.equal((await client.mcp.connect('nobody')).ok, false);
    assert.equal((await client.mcp.delete('away')).ok, true);
  });
});

describe('memory', () => {
  test('is found, shared, withdrawn and forgotten', limits, async () => {
    const text = 'Use WAL mode for sqlite in long-lived services.';
    const put = await client.memory.put({ text, tags: ['storage'], source: 'peer', runId: 'run-123' });
    assert.equal(put.stored, true);
    assert.equal(put.tier, 'session');
    await client.memory.put({ text: 'The roof is slate.', tags: ['roof'] });
    const again = await client.memory.put({ text });
    assert.equal(again.id, put.id, 'a text that is there already');
    assert.equal(again.stored, false);

    const { results, count } = await client.memory.search({ query: 'sqlite wal', limit: 5 });
    assert.equal(results[0].id, put.id);
    assert.equal(results[0].content, text);
    assert.equal(results[0].runId, 'run-123');
    assert.equal(count, results.length);
    const tagged = await client.memory.search({ query: 'sqlite roof', tags: ['roof'] });
    assert.deepEqual(tagged.results.map(({ text: found }) => found), ['The roof is slate.']);

    const listed = await client.memory.list({ q: 'sqlite', userId: 'user-123' });
    assert.deepEqual(listed.items.map(({ id }) => id), [put.id]);
    assert.equal(listed.items[0].text, text);
    const pages = [];
    for (const offset of [0, 1, 2]) {
      pages.push(...(await client.memory.list({ limit: 1, offset })).items.map(({ content }) => content));
    }
    assert.deepEqual(pages, ['The roof is slate.', text], 'the newest first');

    const promoted = await client.memory.promote({ id: put.id });
    assert.equal(promoted.promoted, true);
    assert.equal(promoted.to_tier, 'project');
    const found = async () => (await client.memory.search({ query: 'sqlite wal' })).results;
    assert.equal((await found())[0].tier, 'project');
    assert.equal((await client.memory.demote({ id: put.id, runId: 'run-123' })).ok, true);
    assert.ok(!(await found()).some(({ id }) => id === put.id), 'what was demoted is not found');
    assert.equal((await client.memory.list({ q: 'sqlite' })).count, 1, 'and is there');

    assert.equal((await client.memory.delete(put.id)).ok, true);
    assert.equal((await client.memory.list({ q: 'sqlite' })).count, 0);
    await assert.rejects(client.memory.delete(put.id), refusedWith(404, ''));
    await assert.rejects(client.memory.demote({ id: put.id }), refusedWith(404, ''));
    const { entries } = await client.memory.audit({ run_id: 'run-123', limit: 10 });
    assert.ok(entries.length >= 2);
    for (const entry of entries) assert.equal(entry.run_id, 'run-123');
  });

  test('keeps no secret', limits, async () => {
    // In pieces, so that nobody takes it for one.
    const secret = ['ghp', '0123456789abcdefghij0123456789'].join('_');
    const { id } = await client.memory.put({ text: `The key is ${secret}.` });
    const { items } = await client.memory.list();
    const [kept] = items.filter((item) => item.id === id);
    assert.match(kept.text, /^The key is /);
    assert.ok(!kept.text.includes(secret));
  });

  test('a folder of the machine is imported', limits, async () => {
    const folder = server.folder();
    const file = path.join(folder, 'roof.md');
    writeFileSync(file, 'The roof is made of copper.');
    const done = await client.memory.importPath({ path: folder });
    assert.equal(done.ok, true);
    assert.equal(done.discovered_files, 1);
    assert.equal(done.chunks_created, 1);
    assert.equal((await client.memory.list({ q: 'copper' })).count, 1);
    rmSync(file);
    const synced = await client.memory.importPath({ path: folder, syncDeletes: true });
    assert.equal(synced.deleted_files, 1);
    assert.equal((await client.memory.list({ q: 'copper' })).count, 0);
  });

  test('has no contexts', limits, async () => {
    await notServed(client.memory.contextResolveUri('tandem://x'));
    await notServed(client.memory.contextTree('tandem://x', 1));
    await notServed(client.memory.contextGenerateLayers('x'));
    await notServed(client.memory.contextDistill('x', ['hi']));
  });
});

test('the identity takes the names that the client has for its members', limits, async () => {
  const { identity, presets } = await client.identity.get();
  assert.equal(typeof identity.bot.canonical_name, 'string');
  const concise = presets.find(({ id }) => id === 'concise');
  assert.equal(concise.label, 'Concise');
  const patched = await client.identity.patch({
    bot: { canonicalName: 'Ada', aliases: { cli: 'ada' } },
    personality: { default: { preset: 'concise', customInstructions: 'Be kind.' } },
  });
  for (const shown of [patched, await client.identity.get()]) {
    assert.equal(shown.identity.bot.canonical_name, 'Ada');
    assert.deepEqual(shown.identity.bot.aliases, { cli: 'ada' });
    assert.deepEqual(shown.identity.personality.default, { preset: 'concise', custom_instructions: 'Be kind.' });
  }
  await assert.rejects(client.identity.patch({ personality: { default: { preset: 'rude' } } }), refusedWith(422, 'preset'));
});

test('skills are listed and read', limits, async () => {
  const { skills, count } = await client.skills.list();
  assert.equal(count, 1);
  assert.equal(skills[0].name, 'review');
  assert.equal(skills[0].description, 'Look for what is wrong.');
  assert.equal((await client.skills.list('global')).count, 1);
  assert.equal((await client.skills.list('project')).count, 0);
  assert.match((await client.skills.get('review')).content, /Look for what is wrong\./);
  await assert.rejects(client.skills.get('none'), refusedWith(404, 'SKILL_NOT_FOUND'));
  assert.deepEqual((await client.skills.templates()).templates.map(({ name }) => name), ['blank']);
  const text = { content: 'x', location: 'global' };
  for (const [call, ...values] of [
    ['import', text], ['preview', text], ['validate', text], ['match', { goal: 'x' }],
    ['catalog'], ['compile', { goal: 'x' }], ['generate', { prompt: 'x' }], ['generateInstall', { prompt: 'x' }],
    ['evalBenchmark', { cases: [] }], ['evalTriggers', { skill_name: 'x', prompts: [] }],
  ]) {
    await notServed(client.skills[call](...values));
  }
});

test('resources have revisions, and keys with slashes', limits, async () => {
  const key = 'agent-config/alert threshold';
  const written = await client.resources.write({ key, value: { threshold: 0.95 } });
  assert.equal(written.ok, true);
  assert.equal(written.rev, 1);
  assert.deepEqual((await client.resources.get(key)).value, { threshold: 0.95 });
  assert.equal((await client.resources.putKey(key, { threshold: 1, unit: 'x' }, { ifMatchRev: 1 })).rev, 2);
  await assert.rejects(
    client.resources.write({ key, value: 0, ifMatchRev: 1 }), refusedWith(409, 'RESOURCE_REVISION_CONFLICT'));
  assert.equal((await client.resources.patchKey(key, { unit: null })).ok, true);
  const record = await client.resources.get(key);
  assert.deepEqual(record.value, { threshold: 1 });
  assert.equal(record.key, key);
  assert.ok(Math.abs(record.updatedAtMs - Date.now()) < patience);
  await client.resources.write({ key: 'other', value: 1 });
  const { items, count } = await client.resources.list({ prefix: 'agent-config/', limit: 10 });
  assert.deepEqual(items.map((item) => item.key), [key]);
  assert.equal(count, 1);
  assert.equal((await client.resources.deleteKey(key)).ok, true);
  await assert.rejects(client.resources.get(key), refusedWith(404, 'RESOURCE_NOT_FOUND'));
  assert.equal((await client.resources.delete('other')).ok, true);
  assert.equal((await client.resources.list()).count, 0);
});

test('resources are told of as they change', limits, async () => {
  const told = [];
  const reading = eventsUntil(
    ({ type }) => type === 'resource.deleted',
    // This stream takes no options; what is left open of it ends with the program.
    () => client.resources.events(),
    ({ type, properties }) => told.push(`${type} ${properties.key}`),
  );
  // The client does not say when the stream is open.
  for (let i = 0; told.length === 0; i += 1) await client.resources.write({ key: 'watched', value: i });
  await client.resources.deleteKey('watched');
  await reading;
  assert.deepEqual([...new Set(told)], ['resource.updated watched', 'resource.deleted watched']);
});

test('every call of these was made', () => assert.deepEqual(calls.missing, []));
