// Starts an emulator of the vendors' servers on a free port of the loopback, prints its URL on one
// line, and ends when its standard input does. The last word of the user's message chooses the answer.
import { LLMock } from "@copilotkit/aimock";

import { scripted } from "./scripted_model.mjs";

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
// "call-please NAME ARGUMENTS": calls any tool that is offered, then says what it returned. ARGUMENTS is
// JSON, or `auto` for some that fit the tool's schema as it was offered here; in both, the schema of
// the tool NAME stands where "schema-of NAME" is.
const text = (content) =>
  typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
const fitting = (schema) => {
  if (schema?.type === "number" || schema?.type === "integer") return 5;
  if (schema?.type === "boolean") return true;
  if (schema?.type === "array") return [];
  if (schema?.type !== "object") return "text";
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, one]) => [name, fitting(one)]));
};
const offered = (request, name) =>
  request.tools?.find((tool) => tool.function.name === name)?.function.parameters;
mock.addFixture({
  match: { userMessage: "call-please" },
  response: (request) => {
    const last = request.messages.at(-1);
    if (last.role === "tool") return { content: `It says: ${text(last.content)}` };
    const [, name, wanted] = /call-please (\S+) (.*)$/s.exec(text(last.content));
    const schema = offered(request, name);
    if (!schema) return { content: `There is no tool ${name}.` };
    const values = wanted === "auto" ? fitting(schema) : JSON.parse(wanted);
    for (const [key, value] of Object.entries(values)) {
      const other = /^schema-of (\S+)$/.exec(value);
      if (other) values[key] = offered(request, other[1]);
    }
    return { toolCalls: [{ name, arguments: JSON.stringify(values) }] };
  },
});
mock.addFixture(scripted);
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
