// Starts an emulator of the vendors' servers on a free port of the loopback, prints its URL on one
// line, and ends when its standard input does. The last word of the user's message chooses the answer.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0, host: "127.0.0.1", strict: true });

const add = (word, response, rest = {}) =>
  mock.addFixture({ match: { userMessage: word, ...rest.match }, response, ...rest.options });

// A fixture is taken in order, so the answer to a tool's result stands in front of the call.
add("tool-please", { content: "It is 4." }, { match: { toolCallId: "call_emulated_1" } });
add("tool-please", {
  toolCalls: [{ id: "call_emulated_1", name: "calculator", arguments: '{"expression":"2+2"}' }],
});
add("shell-please", { content: "The command ran." }, { match: { toolCallId: "call_emulated_4" } });
add("shell-please", {
  toolCalls: [
    { id: "call_emulated_4", name: "shell", arguments: '{"command":"echo ran >> runs.txt; id -u"}' },
  ],
});
add("parallel-please", {
  toolCalls: [
    { id: "call_emulated_2", name: "calculator", arguments: '{"expression":"1+1"}' },
    { id: "call_emulated_3", name: "calculator", arguments: '{"expression":"3+3"}' },
  ],
});
add("text-please", {
  content: "one two three four five six seven eight nine ten",
  usage: { prompt_tokens: 12, completion_tokens: 34, input_tokens: 12, output_tokens: 34 },
}, {
  options: { chunkSize: 5, openRouterProcessing: true },
});
add("reasoning-please", { content: "The answer is 4.", reasoning: "Two and two make four." });
add("slow-please", { content: "word ".repeat(200) }, {
  options: { chunkSize: 5, streamingProfile: { ttft: 10, tps: 5 } },
});
add("truncate-please", { content: "one two three four five six" }, {
  options: { chunkSize: 4, truncateAfterChunks: 3 },
});
add("drop-please", { content: "word ".repeat(200) }, {
  options: { chunkSize: 5, streamingProfile: { tps: 20 }, disconnectAfterMs: 300 },
});
add("limit-please", {
  error: { message: "Slow down, please", type: "rate_limit_error" }, status: 429, retryAfter: 7,
});
add("overload-please", { error: { message: "Overloaded", type: "overloaded_error" }, status: 529 });
add("down-please", { error: { message: "Down for a while", type: "server_error" }, status: 503 });

await mock.start();
process.stdout.write(`${mock.url}\n`);

process.stdin.resume();
process.stdin.on("end", async () => {
  await mock.stop();
  process.exit(0);
});
