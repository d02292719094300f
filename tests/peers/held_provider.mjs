// A model's server (chat completions) that says only what a test tells it to.
import { once } from 'node:events';
import http from 'node:http';

// What it lists.
export const models = ['some-model', 'other-model'];

// One request for a model's answer, which is streamed piece by piece.
class ModelCall {
  // `request`: the body as it came; `key`: what it was sent with.
  constructor(answer, request, key) {
    this.answer = answer;
    this.request = request;
    this.key = key;
    // The program has hung up, or all was sent.
    this.closed = new Promise((resolve) => { answer.on('close', resolve); });
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
    answer.flushHeaders();
  }

  // What it was asked, as one text for each message.
  get asked() {
    return this.request.messages.map(({ role, content }) => ({
      role,
      text: typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(''),
    }));
  }
  get tools() { return (this.request.tools ?? []).map((tool) => tool.function.name); }

  say(text) { this.#send([{ index: 0, delta: { content: text }, finish_reason: null }]); }

  answerWith(text) {
    this.say(text);
    this.finish();
  }

  // Asks for a tool, and is at its end.
  use(name, values, id = 'call_1') {
    const call = { index: 0, id, type: 'function', function: { name, arguments: JSON.stringify(values) } };
    this.#send([{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }]);
    this.finish('tool_calls');
  }

  finish(reason = 'stop') {
    this.#send([{ index: 0, delta: {}, finish_reason: reason }]);
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
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text) => { body += text; });
    request.on('end', () => {
      if (request.method === 'GET') {
        answer.writeHead(200, { 'Content-Type': 'application/json' });
        answer.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id, object: 'model' })) }));
        return;
      }
      const call = new ModelCall(answer, JSON.parse(body), request.headers.authorization);
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
