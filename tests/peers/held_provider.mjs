// A model's server (chat completions) that says only what a test tells it to.
import { once } from 'node:events';
import http from 'node:http';

// One request for a model's answer, which is streamed piece by piece.
class ModelCall {
  constructor(answer) {
    this.answer = answer;
    // The program has hung up, or all was sent.
    this.closed = new Promise((resolve) => { answer.on('close', resolve); });
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
    answer.flushHeaders();
  }

  say(text) { this.#send([{ index: 0, delta: { content: text }, finish_reason: null }]); }

  finish() {
    this.#send([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    this.#send([], { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 });
    this.answer.end('data: [DONE]\n\n');
  }

  #send(choices, usage) {
    const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'some-model', choices };
    if (usage !== undefined) chunk.usage = usage;
    this.answer.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}

export class HeldProvider {
  #calls = [];
  #waiting = [];
  #server = http.createServer((request, answer) => {
    request.resume();
    request.on('end', () => {
      const call = new ModelCall(answer);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#calls.push(call);
      else waiting(call);
    });
  });

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  // The next request of the program, once it has come.
  nextCall() {
    const call = this.#calls.shift();
    return call !== undefined ? Promise.resolve(call) : new Promise((resolve) => { this.#waiting.push(resolve); });
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
