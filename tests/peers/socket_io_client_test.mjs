// The official JavaScript client of Socket.IO against the real program: over WebSocket alone, with
// its default (polling, then an upgrade), and over polling alone. Whatever happens to the line or
// to the server in the middle of a turn, the text that the client puts together is the text stored.
//
//   node socket_io_client_test.mjs PROGRAM
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { io } from 'socket.io-client';

import { HeldProvider } from './held_provider.mjs';
import { Line } from './line.mjs';
import { Program, patience } from './program.mjs';

// One turn as a page follows it: it puts the text together and asks for the rest after a loss.
class Conversation {
  events = [];
  connects = 0;
  #waiting = [];

  // `withCursor`: a resume says which event came last.
  constructor({ url, token, threadId, transports, withCursor = true }) {
    this.threadId = threadId;
    this.withCursor = withCursor;
    this.socket = io(`${url}/agent`, {
      auth: { token },
      forceNew: true,
      reconnectionDelay: 1,
      reconnectionDelayMax: 20,
      ...(transports === undefined ? {} : { transports }),
    });
    this.socket.on('connect', () => {
      this.connects += 1;
      if (this.connects > 1) this.#resume();
      this.#changed();
    });
    this.socket.on('agent_event', (event) => { this.events.push(event); this.#changed(); });
  }

  #resume() {
    const cursor = this.withCursor ? { lastSeq: this.events.at(-1)._seq } : {};
    this.socket.emit('resume_stream', { threadId: this.threadId, ...cursor });
  }

  // Returns once `condition` holds.
  until(condition) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => { this.#waiting.push({ condition, resolve }); });
  }

  #changed() {
    const met = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }

  send(message) { this.socket.emit('message', { threadId: this.threadId, message }); }
  said(text) { return this.until(() => this.text === text); }
  done() { return this.until(() => this.end !== undefined); }

  // All transports that it may change to have been changed to.
  async upgraded() {
    await this.until(() => this.socket.connected);
    const { engine } = this.socket.io;
    if (engine.transport.name === 'websocket' || !engine.opts.transports.includes('websocket')) return;
    await new Promise((resolve) => { engine.once('upgrade', resolve); });
  }

  get text() { return this.events.filter(({ type }) => type === 'token').map(({ text }) => text).join(''); }
  get textBehindBoundary() {
    const boundary = this.events.findLastIndex(({ type }) => type === 'message_boundary');
    return this.events.slice(boundary + 1).filter(({ type }) => type === 'token').map(({ text }) => text).join('');
  }
  get end() { return this.events.find(({ type }) => type === 'done'); }

  // Each event came once, in its place, and nothing behind `done`.
  assertWhole() {
    assert.deepEqual(this.events.map(({ _seq }) => _seq), this.events.map((_, at) => at + 1));
    assert.equal(this.events.at(-1).type, 'done');
  }
}

const provider = new HeldProvider();
const line = new Line();
let program;
let token;

before(async () => {
  await provider.start();
  program = new Program(process.argv[2], provider.url);
  await program.start();
  await line.start(program.port);
  token = await program.mint('ann');
});
after(async () => {
  line.stop();
  provider.stop();
  await program.remove();
});

const headers = () => ({ 'X-Platos-Session-Token': token });

// A turn whose model has said "one two ", and whose client has read it.
async function begin(t, transports, withCursor) {
  const thread = await program.rest('/api/v1/agent/threads', headers(), { agentId: 'default', title: 'a test' });
  const client = new Conversation({ url: line.url, token, threadId: thread.id, transports, withCursor });
  t.after(() => client.socket.disconnect());
  client.send('hi');
  const call = await provider.nextCall();
  call.say('one ');
  await client.said('one ');
  await client.upgraded();
  call.say('two ');
  await client.said('one two ');
  return { client, call };
}

// The answer as it is stored.
async function stored({ threadId }) {
  const { messages } = await program.rest(`/api/v1/agent/threads/${threadId}/messages`, headers());
  assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant']);
  return messages[1].content;
}

async function restart() {
  await program.kill();
  await program.start();
  line.port = program.port;
}

const losses = {
  'a cut line': async () => line.cut(),
  'a closed engine': async (client) => {
    client.socket.io.engine.close();
    await line.quiet();
  },
};

for (const { name, transports, cursors, noticesCuts } of [
  { name: 'WebSocket alone', transports: ['websocket'], cursors: [true, false], noticesCuts: true },
  { name: 'the default transports', transports: undefined, cursors: [true, false], noticesCuts: true },
  // What a poll has fetched is known to have arrived by the next poll only; and a poll whose connection was
  // cut before it was sent is sent again.
  { name: 'polling alone', transports: ['polling'], cursors: [true], noticesCuts: false },
]) {
  describe(name, () => {
    test('a turn streams to its end', { timeout: patience }, async (t) => {
      const { client, call } = await begin(t, transports, true);
      call.say('three');
      call.finish();
      await client.done();
      client.assertWhole();
      assert.equal(client.connects, 1);
      assert.equal(client.text, 'one two three');
      assert.equal(await stored(client), 'one two three');
      assert.equal(client.end.usage.inputTokens, 12);
      assert.equal(client.end.usage.outputTokens, 34);
    });

    test('a stop ends it with what was said', { timeout: patience }, async (t) => {
      const { client, call } = await begin(t, transports, true);
      client.socket.emit('stop', { threadId: client.threadId });
      await client.done();
      await call.closed;
      client.assertWhole();
      assert.equal(client.end.stopped, true);
      assert.equal(await stored(client), client.text);
      assert.equal(client.text, 'one two ');
    });

    for (const withCursor of cursors) {
      const how = withCursor ? 'with a cursor' : 'without a cursor';

      for (const [loss, lose] of Object.entries(losses)) {
        test(`${loss} is made good ${how}`, { timeout: patience }, async (t) => {
          const { client, call } = await begin(t, transports, withCursor);
          await lose(client);
          call.say('three ');
          await client.said('one two three ');
          call.say('four');
          call.finish();
          await client.done();
          client.assertWhole();
          if (noticesCuts) assert.equal(client.connects, 2);
          assert.equal(client.text, 'one two three four');
          assert.equal(await stored(client), client.text);
        });
      }

      test(`a server killed in the middle of a turn goes on ${how}`, { timeout: patience }, async (t) => {
        const { client } = await begin(t, transports, withCursor);
        await restart();
        const again = await provider.nextCall();
        for (const piece of ['one t', 'wo thr', 'ee fo', 'ur']) again.say(piece);
        again.finish();
        await client.done();
        client.assertWhole();
        assert.equal(client.connects, 2);
        assert.equal(client.text, 'one two three four');
        assert.equal(await stored(client), client.text);
      });
    }

    test('a model that says something else after a kill says it behind a boundary', { timeout: patience }, async (t) => {
      const { client } = await begin(t, transports, true);
      await restart();
      const again = await provider.nextCall();
      for (const piece of ['one', ' sheep']) again.say(piece);
      again.finish();
      await client.done();
      client.assertWhole();
      assert.equal(client.textBehindBoundary, 'one sheep');
      assert.equal(await stored(client), 'one sheep');
    });
  });
}
