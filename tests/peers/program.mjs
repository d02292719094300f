// The real program as a child process, for the peer tests that are written in JavaScript.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

// Long enough for a busy machine with sanitizers; a test that needs it is about to fail.
export const patience = 60_000;

export const entitySecret = 'secret-of-the-entity-of-the-peer-tests';

// `serve` on a free port of the loopback address, with its data in a folder of its own.
export class Program {
  // `executable`: the program; `providerUrl`: of a chat-completions provider, "" for none; `more`:
  // further lines of its configuration.
  constructor(executable, providerUrl = '', more = '') {
    this.executable = path.resolve(executable);
    this.folder = mkdtempSync(path.join(tmpdir(), 'colonnade-peers-'));
    const provider = providerUrl === '' ? '' : `
provider: stub
providers:
  stub:
    kind: chat_completions
    api_key: test-key
    default_model: some-model
    base_url: ${providerUrl}
`;
    writeFileSync(path.join(this.folder, 'config.yaml'), `${provider}
platos:
  entities:
    - organization: acme
      project: garden
      entity: backend
      secret: ${entitySecret}
${more}`);
  }

  // Starts it, on the same data as before; returns when it listens.
  async start() {
    const environment = { HOME: this.folder };
    for (const kept of ['PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS']) {
      if (process.env[kept] !== undefined) environment[kept] = process.env[kept];
    }
    this.child = spawn(
      this.executable,
      ['serve', '--json', '--listen', '127.0.0.1:0', '--config', 'config.yaml'],
      { cwd: this.folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.ended = once(this.child, 'exit');
    let log = '';
    this.child.stderr.on('data', (text) => { log += text; });
    const lines = readline.createInterface({ input: this.child.stdout });
    const [line] = await Promise.race([once(lines, 'line'), this.ended.then(() => [''])]);
    if (line === '') throw new Error(`the program did not start: ${log}`);
    const ready = JSON.parse(line);
    this.url = ready.urls[0];
    this.operatorToken = readFileSync(ready.token_file, 'utf8').trim();
    this.port = Number(new URL(this.url).port);
  }

  // kill -9; returns once it is gone.
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  // Kills it if it runs, and removes its folder.
  async remove() {
    if (this.child?.pid !== undefined) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // The answer's JSON; throws unless the status is a success. With `json` it is a POST.
  async rest(target, headers, json) {
    const options = { headers: { 'Content-Type': 'application/json', ...headers } };
    if (json !== undefined) Object.assign(options, { method: 'POST', body: JSON.stringify(json) });
    const answer = await fetch(this.url + target, options);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${target}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  // A session token of Platos, of a user of the configured entity.
  async mint(userId) {
    const scope = { organizationId: 'acme', projectId: 'garden', environmentId: 'test' };
    const minted = await this.rest('/api/v1/entities/backend/session-tokens',
      { Authorization: `Bearer ${entitySecret}` }, { ...scope, userId });
    return minted.token;
  }
}
