// Runs the MCP conformance suite's server scenarios against a server that wants a token, which the
// suite cannot send: a proxy in between adds it and changes nothing else.
//
//   node mcp_conformance.mjs URL TOKEN_FILE REVISION [more options of the suite]
//
// Ends with the suite's exit code: 0 when what fails is just what mcp-server-baseline-REVISION.yaml
// lists.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

const [url, tokenFile, revision, ...more] = process.argv.slice(2);
const target = new URL(url);
const token = readFileSync(tokenFile, 'utf8').trim();
const here = import.meta.dirname;
const suite = path.join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

const proxy = http.createServer((incoming, outgoing) => {
  const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
  const onward = http.request(
    { host: target.hostname, port: target.port, path: target.pathname, method: incoming.method, headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
});

proxy.listen(0, '127.0.0.1', () => {
  const results = mkdtempSync(path.join(tmpdir(), 'mcp-conformance-'));
  const child = spawn(
    process.execPath,
    [
      suite, 'server',
      '--url', `http://localhost:${proxy.address().port}/mcp`,
      '--suite', 'all',
      '--spec-version', revision,
      '--expected-failures', path.join(here, `mcp-server-baseline-${revision}.yaml`),
      '--output-dir', results,
      ...more,
    ],
    { stdio: 'inherit' },
  );
  child.on('exit', (code) => {
    rmSync(results, { recursive: true, force: true });
    proxy.close();
    proxy.closeAllConnections();
    process.exitCode = code ?? 1;
  });
});
