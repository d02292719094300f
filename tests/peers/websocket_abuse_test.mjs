// Frames that break the rules of WebSocket (RFC 6455), or strain them, sent to the real program and to the
// server of the npm package `ws`: both must answer alike, and as the table says.
//
//   node websocket_abuse_test.mjs PROGRAM
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { WebSocketServer } from 'ws';

import { Program, patience } from './program.mjs';

// --- frames ---------------------------------------------------------------------------------------

const text = 1, binary = 2, close = 8, ping = 9, pong = 10, continuation = 0;
const messageBytesMax = 1_000_000;  // of Socket.IO here

// A frame as a client sends it. `first` overrides the first byte; `length` what the head says, in a form
// of 2 or 8 bytes where `form` asks for it.
function frame(opcode, payload = '', { fin = true, reserved = 0, masked = true, length, form } = {}) {
  const bytes = Buffer.from(payload);
  const size = BigInt(length ?? bytes.length);
  const width = form ?? (size < 126n ? 0 : size < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + width);
  head[0] = (fin ? 0x80 : 0) | reserved | opcode;
  head[1] = (masked ? 0x80 : 0) | (width === 0 ? Number(size) : width === 2 ? 126 : 127);
  if (width === 2) head.writeUInt16BE(Number(size), 2);
  if (width === 8) head.writeBigUInt64BE(size, 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  return Buffer.concat([head, mask, bytes.map((byte, at) => byte ^ mask[at % 4])]);
}
const part = (opcode, payload) => frame(opcode, payload, { fin: false });
const closing = (code, reason = '') =>
  frame(close, Buffer.concat([Buffer.from([code >> 8, code & 0xFF]), Buffer.from(reason)]));

// --- the two servers ------------------------------------------------------------------------------

let program;
let reference;

// Both answer "2…" with "3…", which is what Engine.IO does with a ping, and refuse binary messages.
before(async () => {
  program = new Program(process.argv[2]);
  await program.start();
  reference = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: messageBytesMax });
  reference.on('connection', (socket) => {
    socket.on('error', () => {});  // what a client did wrong
    socket.send('0{}');
    socket.on('message', (message, isBinary) => {
      if (isBinary) socket.close(1003);
      else socket.send(`3${message.toString().slice(1)}`);
    });
  });
  await once(reference, 'listening');
});
after(async () => {
  for (const client of reference.clients) client.terminate();
  reference.close();
  await program.remove();
});

// --- a client -------------------------------------------------------------------------------------

const handshake = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r
Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;

// Takes whole frames off the front of what a server has sent.
function takeFrames(bytes) {
  const frames = [];
  for (;;) {
    if (bytes.length < 2) break;
    let size = bytes[1];
    let at = 2;
    if (size === 126 && bytes.length >= 4) { size = bytes.readUInt16BE(2); at = 4; }
    else if (size === 127 && bytes.length >= 10) { size = Number(bytes.readBigUInt64BE(2)); at = 10; }
    else if (size >= 126) break;
    if (bytes.length < at + size) break;
    frames.push({ opcode: bytes[0] & 0x0F, head: bytes[0], payload: bytes.subarray(at, at + size) });
    bytes = bytes.subarray(at + size);
  }
  return { frames, rest: bytes };
}

const shortly = (payload) => (payload.length > 40 ? `${payload.length} bytes` : `${payload}`);

// Sends the row's bytes, then a ping, and says in words what came: the texts, the pongs, and the end: "open"
// when the ping was answered, "close CODE" for a close frame and an end behind it, "cut" for an end without
// one. Beside it, the reason that the close frame gives.
async function answerTo(port, { pieces, halfClosed = false }) {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.on('error', () => {});  // a reset, perhaps while more is sent
  const said = [];
  let pongs = 0;
  let closed;
  let reason = '';
  let isReady = false;
  let isOpen = false;
  const take = ({ opcode, head, payload }, changed) => {
    if ((head & 0xF0) !== 0x80) said.push('a fragment or a reserved bit');
    if (closed !== undefined) said.push('a frame behind the close frame');
    if (opcode === text && payload.toString().startsWith('0{')) {
      isReady = true;
      changed();
    } else if (opcode === text) {
      said.push(`text ${shortly(payload)}`);
    } else if (opcode === pong && payload.toString() === 'the probe') {
      isOpen = true;
      changed();
    } else if (opcode === pong) {
      pongs += 1;
      said.push(`pong ${shortly(payload)}`);
    } else if (opcode === close) {
      closed = payload.length === 0 ? 'close' : `close ${payload.readUInt16BE(0)}`;
      reason = payload.subarray(2).toString();
      if (!halfClosed) socket.write(frame(close));
    } else {
      said.push(`the opcode ${opcode}`);
    }
  };
  let changed;
  const change = () => new Promise((resolve) => { changed = resolve; });
  socket.on('end', () => changed());
  socket.on('close', () => changed());
  let unread = Buffer.alloc(0);
  let isUpgraded = false;
  socket.on('data', (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    if (!isUpgraded) {
      const at = unread.indexOf('\r\n\r\n');
      if (at < 0) return;
      const head = unread.subarray(0, at).toString();
      if (!head.startsWith('HTTP/1.1 101 ')) {
        said.push(head);
        changed();
      }
      if (/Sec-WebSocket-Extensions/i.test(head)) said.push('an extension');
      isUpgraded = true;
      unread = unread.subarray(at + 4);
    }
    const { frames, rest } = takeFrames(unread);
    unread = rest;
    for (const one of frames) take(one, changed);
  });

  const ready = change();
  socket.write(handshake);
  await ready;
  if (!isReady) throw new Error(`no WebSocket: ${said.join(', ')}`);
  const end = change();
  for (const bytes of pieces) await new Promise((resolve) => { socket.write(bytes, resolve); });
  if (halfClosed) socket.end();
  else socket.write(frame(ping, 'the probe'));
  await end;
  socket.destroy();
  if (pongs > 1) said.splice(0, said.length, `${pongs} pongs`);
  return { answer: [...said, isOpen ? 'open' : closed ?? 'cut'].join(', '), reason };
}

// --- the table ------------------------------------------------------------------------------------

// `answer` is what both servers do. `reference`: what `ws` does instead, and `why` ours differs.
const row = (name, pieces, answer, more = {}) => ({ name, pieces: [pieces].flat(), answer, ...more });
const bytewise = (bytes) => Array.from(bytes, (byte) => Buffer.from([byte]));
const truncatedEuro = Buffer.from('2€').subarray(0, 3);
const restOfEuro = Buffer.from('€').subarray(2);
const badTexts = {
  'a byte that is in no text': [0xFF],
  'a continuation without a start': [0x80],
  'an overlong form': [0xC0, 0x80],
  'half of a surrogate pair': [0xED, 0xA0, 0x80],
  'a number beyond the last character': [0xF4, 0x90, 0x80, 0x80],
  'a character cut short at the end': [0xE2, 0x82],
};
const badText = (bytes) => Buffer.from([0x32, ...bytes]);

const rows = [
  row('one text', frame(text, '2hello'), 'text 3hello, open'),
  row('one text, byte by byte', bytewise(frame(text, '2hello')), 'text 3hello, open'),
  row('a long text, byte by byte', bytewise(frame(text, `2${'x'.repeat(200)}`)), 'text 201 bytes, open'),
  row('a binary message', frame(binary, '2hello'), 'close 1003'),
  row('a pong that was not asked for', frame(pong, 'hello'), 'open'),

  // Fragments.
  row('a text in two fragments', [part(text, '2hel'), frame(continuation, 'lo')], 'text 3hello, open'),
  row('a text in many fragments, some empty',
    [part(text), part(continuation, '2'), part(continuation), part(continuation, 'hello'), frame(continuation)],
    'text 3hello, open'),
  row('a text that is not finished', part(text, '2hel'), 'open'),
  row('a ping between two fragments', [part(text, '2hel'), frame(ping, 'p'), frame(continuation, 'lo')],
    'pong p, text 3hello, open'),
  row('a pong between two fragments', [part(text, '2hel'), frame(pong), frame(continuation, 'lo')],
    'text 3hello, open'),
  row('a close between two fragments', [part(text, '2hel'), closing(1000)], 'close 1000'),
  row('fragments and a ping, byte by byte',
    bytewise(Buffer.concat([part(text, '2hel'), frame(ping, 'p'), frame(continuation, 'lo')])),
    'pong p, text 3hello, open'),
  row('a continuation without a start', frame(continuation, '2hello'), 'close 1002'),
  row('an unfinished continuation without a start', part(continuation, '2hello'), 'close 1002'),
  row('a continuation after a finished message', [frame(text, '2a'), frame(continuation, 'b')], 'text 3a, close 1002'),
  row('a text inside a fragmented one', [part(text, '2hel'), frame(text, '2lo')], 'close 1002'),
  row('a binary message inside a fragmented text', [part(text, '2hel'), frame(binary, '2lo')], 'close 1002'),

  // Heads.
  row('a text without a mask', frame(text, '2hello', { masked: false }), 'close 1002'),
  row('a ping without a mask', frame(ping, 'p', { masked: false }), 'close 1002'),
  row('an empty text without a mask', frame(text, '', { masked: false }), 'close 1002'),
  row('a close without a mask', frame(close, '', { masked: false }), 'close 1002'),
  ...[0x40, 0x20, 0x10, 0x70].flatMap((reserved) => [
    row(`a text with the reserved bits ${reserved.toString(2).padStart(7, '0').slice(0, 3)}`,
      frame(text, '2hello', { reserved }), 'close 1002'),
    row(`a ping with the reserved bits ${reserved.toString(2).padStart(7, '0').slice(0, 3)}`,
      frame(ping, 'p', { reserved }), 'close 1002'),
  ]),
  row('a continuation with a reserved bit', [part(text, '2hel'), frame(continuation, 'lo', { reserved: 0x40 })],
    'close 1002'),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    row(`the reserved opcode ${opcode}`, frame(opcode, '2hello'), 'close 1002')),

  // Text that is not UTF-8.
  row('characters of several bytes', frame(text, '2aé€𝄞'), 'text 3aé€𝄞, open'),
  row('a character split over two frames', [part(text, truncatedEuro), frame(continuation, restOfEuro)],
    'text 3€, open'),
  row('a ping inside a split character', [part(text, truncatedEuro), frame(ping, 'p'), frame(continuation, restOfEuro)],
    'pong p, text 3€, open'),
  ...Object.entries(badTexts).flatMap(([name, bytes]) => [
    row(`bad UTF-8, ${name}`, frame(text, badText(bytes)), 'close 1007'),
    row(`bad UTF-8 in two frames, ${name}`,
      [part(text, badText(bytes.slice(0, 1))), frame(continuation, Buffer.from(bytes.slice(1)))], 'close 1007'),
  ]),
  row('bad UTF-8 in a text that is not finished', part(text, badText([0xFF])), 'open'),

  // Control frames.
  row('a ping of 125 bytes', frame(ping, 'p'.repeat(125)), 'pong 125 bytes, open'),
  row('a ping of 126 bytes', frame(ping, 'p'.repeat(126)), 'close 1002'),
  row('a ping whose length is in eight bytes', frame(ping, 'p', { form: 8 }), 'close 1002'),
  row('a pong of 126 bytes', frame(pong, 'p'.repeat(126)), 'close 1002'),
  row('a close of 126 bytes', frame(close, Buffer.concat([Buffer.from([3, 232]), Buffer.alloc(124, 'r')])), 'close 1002'),
  row('a fragmented ping', [part(ping, 'p'), frame(continuation, 'q')], 'close 1002'),
  row('a fragmented close', [part(close), frame(continuation)], 'close 1002'),
  row('fifty pings at once', Buffer.concat(Array.from({ length: 50 }, (_, at) => frame(ping, `${at}`))), '50 pongs, open'),
  row('a hundred pings at once', Buffer.concat(Array.from({ length: 100 }, (_, at) => frame(ping, `${at}`))), '100 pongs, open', {
    reference: /cut$/,
    why: 'ws cuts a client off that has 60 pings unanswered; a ping must be answered (RFC 6455 §5.5.2), and here '
      + 'an unread pong is replaced by that of a newer ping (§5.5.3), so that a flood holds no memory',
  }),

  // Closes.
  row('a close without a code', frame(close), 'close'),
  row('a close with half a code', frame(close, Buffer.from([3])), 'close 1002'),
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) =>
    row(`a close with the code ${code}`, closing(code), `close ${code}`)),
  row('a close with a reason', closing(1000, 'gone for tea'), 'close 1000', { reason: 'gone for tea' }),
  row('a close with the longest reason', closing(1000, 'r'.repeat(123)), 'close 1000', { reason: 'r'.repeat(123) }),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) =>
    row(`a close with the illegal code ${code}`, closing(code), 'close 1002')),
  row('a close whose reason is not UTF-8', closing(1000, Buffer.from([0xFF])), 'close 1007'),
  row('a close whose reason is cut short', closing(1000, Buffer.from([0xE2, 0x82])), 'close 1007'),
  row('a close, byte by byte', bytewise(closing(1000)), 'close 1000'),
  row('texts behind a close', Buffer.concat([closing(1000), frame(text, '2late'), frame(text, '2late')]), 'close 1000'),
  row('a ping and another close behind a close', Buffer.concat([closing(1000), frame(ping, 'p'), closing(1001)]), 'close 1000'),
  row('a broken frame behind a close', Buffer.concat([closing(1000), frame(3, 'x', { masked: false })]), 'close 1000'),
  row('texts behind a broken frame', Buffer.concat([frame(3, ''), frame(text, '2late'), frame(text, '2late')]), 'close 1002'),
  row('a text before a close', Buffer.concat([frame(text, '2hello'), closing(1000)]), 'text 3hello, close 1000'),
  row('a half-closed socket', [], 'cut', { halfClosed: true }),
  row('a half-closed socket with a text before', frame(text, '2hello'), 'text 3hello, cut', { halfClosed: true }),
  row('a half-closed socket in the middle of a frame', frame(text, '2hello').subarray(0, 8), 'cut', { halfClosed: true }),
  row('a half-closed socket in the middle of a message', part(text, '2hel'), 'cut', { halfClosed: true }),
  row('a half-closed socket behind a close', closing(1000), 'close 1000', { halfClosed: true }),

  // Lengths.
  row('a small length in two bytes', frame(text, '2hello', { form: 2 }), 'text 3hello, open'),
  row('a small length in eight bytes', frame(text, '2hello', { form: 8 }), 'text 3hello, open'),
  row('a length that needs two bytes', frame(text, '2'.padEnd(126, 'x')), 'text 126 bytes, open'),
  row('a length that needs eight bytes', frame(text, '2'.padEnd(65_536, 'x')), 'text 65536 bytes, open'),
  row('a length of 2^63', frame(text, '2hello', { length: 2n ** 63n }), 'close 1009'),
  row('a length of 2^64 - 1', frame(text, '2hello', { length: 2n ** 64n - 1n }), 'close 1009'),
  row('a length of 1 TB', frame(text, '2hello', { length: 2n ** 40n }), 'close 1009'),
  row('a continuation of 1 TB', [part(text, '2hello'), frame(continuation, 'x', { length: 2n ** 40n })], 'close 1009'),
  row('a message at the limit', frame(text, '2'.padEnd(messageBytesMax, 'x')), `text ${messageBytesMax} bytes, open`),
  row('a message above the limit', frame(text, '2'.padEnd(messageBytesMax + 1, 'x')), 'close 1009'),
  row('fragments that reach the limit', [part(text, '2'.padEnd(600_000, 'x')), frame(continuation, 'x'.repeat(400_000))],
    `text ${messageBytesMax} bytes, open`),
  row('fragments that pass the limit', [part(text, '2'.padEnd(600_000, 'x')), frame(continuation, 'x'.repeat(400_001))],
    'close 1009'),
];

for (const one of rows) {
  test(one.name, { timeout: patience }, async () => {
    const [ours, theirs] = await Promise.all([
      answerTo(program.port, one),
      answerTo(reference.address().port, one),
    ]);
    if (one.reference !== undefined) assert.match(theirs.answer, one.reference, `ws has changed; look again whether ${one.why}`);
    else assert.equal(theirs.answer, one.answer, 'the reference');
    assert.equal(ours.answer, one.answer, 'the program');
    // A peer's own reason comes back. Of a broken rule ws says nothing but the code, the program which one.
    assert.equal(theirs.reason, one.reason ?? '');
    if (one.reason !== undefined) assert.equal(ours.reason, one.reason);
  });
}
