// A TCP line that a test can cut, and whose far end can move to another port.
import { once } from 'node:events';
import net from 'node:net';

export class Line {
  #pairs = new Set();
  #server = net.createServer((near) => this.#connect(near));

  async start(port) {
    this.port = port;
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  // Ends all connections without a word. After it the far end cannot write to one any more.
  cut() {
    for (const { near, far } of this.#pairs) {
      far.resetAndDestroy();
      near.resetAndDestroy();
    }
  }

  // Returns when the far end has let go of all WebSockets that there are.
  async quiet() {
    await Promise.all([...this.#pairs].filter(({ isWebSocket }) => isWebSocket).map(({ gone }) => gone));
  }

  stop() {
    this.#server.close();
    this.cut();
  }

  #connect(near) {
    const far = net.connect(this.port, '127.0.0.1');
    const pair = { near, far, isWebSocket: false, gone: new Promise((resolve) => { far.on('close', resolve); }) };
    this.#pairs.add(pair);
    far.on('close', () => this.#pairs.delete(pair));
    far.once('data', (head) => { pair.isWebSocket = head.toString('latin1').startsWith('HTTP/1.1 101'); });
    for (const [from, to] of [[near, far], [far, near]]) {
      from.setNoDelay(true);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }
}
