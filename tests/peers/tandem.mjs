// What the tests with npm's Tandem client share: a program with a model that says what a test tells
// it to, streams that end, and a count of the client's calls.
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { TandemClient } from '@frumu/tandem-client';

import { HeldProvider } from './held_provider.mjs';
import { Program } from './program.mjs';

// The program, its model and a client with the operator's token.
export class TandemServer {
  #folders = [];

  // `more`: further lines of the program's configuration.
  async start(executable, more = '') {
    this.model = new HeldProvider();
    await this.model.start();
    this.program = new Program(executable, this.model.url, more);
    await this.program.start();
    this.client = this.newClient(this.program.operatorToken);
  }

  newClient(token) { return new TandemClient({ baseUrl: this.program.url, token }); }

  // A folder for sessions to work in, outside of the server's own.
  folder() {
    const made = realpathSync(mkdtempSync(path.join(tmpdir(), 'colonnade-peers-work-')));
    this.#folders.push(made);
    return made;
  }

  async stop() {
    this.model.stop();
    await this.program.remove();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

// The events of a stream up to the first for which `isLast` holds. Each is handed to `onEvent`
// before the next is read. `open` gets the options of the client's streams.
export async function eventsUntil(isLast, open, onEvent = () => {}) {
  const leave = new AbortController();
  const events = [];
  try {
    for await (const event of open({ signal: leave.signal })) {
      events.push(event);
      await onEvent(event);
      if (isLast(event)) return events;
    }
  } finally {
    leave.abort(); // the client itself keeps a stream open that is left
  }
  throw new assert.AssertionError({ message: `the stream ended after ${events.map(({ type }) => type)}` });
}

export const isEndOfRun = ({ type }) => type === 'session.run.finished';

// The events of a run, to its end.
export const runEvents = (client, sessionId, runId, onEvent) =>
  eventsUntil(isEndOfRun, (options) => client.stream(sessionId, runId, options), onEvent);

export const ofType = (events, type) => events.filter((event) => event.type === type);

// The answer as the stream gave it, piece by piece.
export const saidIn = (events) =>
  ofType(events, 'session.response').map(({ properties }) => properties.delta).join('');

// Runs one tool by a prompt, without a model, and answers with `reply` what it asks.
export async function useTool(client, sessionId, tool, values, reply) {
  const { runId } = await client.sessions.promptAsync(sessionId, `/tool ${tool} ${JSON.stringify(values)}`);
  const asked = [];
  const events = await runEvents(client, sessionId, runId, async ({ type, properties }) => {
    if (type !== 'permission.request') return;
    asked.push(properties);
    assert.notEqual(reply, undefined, `${tool} asks`);
    await client.permissions.reply(properties.id, reply);
  });
  const results = ofType(events, 'session.tool_result').map(({ properties }) => properties);
  return { runId, asked, events, results };
}

// Which calls of a client were made, and which were not.
export class CallCount {
  #known = new Set();
  #made = new Set();

  // Counts the calls of `object`, which is called `name`.
  watch(object, name) {
    for (const method of Object.getOwnPropertyNames(Object.getPrototypeOf(object))) {
      if (method === 'constructor' || method.startsWith('_')) continue;
      const call = object[method].bind(object);
      const label = name === '' ? method : `${name}.${method}`;
      this.#known.add(label);
      object[method] = (...values) => {
        this.#made.add(label);
        return call(...values);
      };
    }
  }

  get missing() { return [...this.#known].filter((label) => !this.#made.has(label)); }
}
