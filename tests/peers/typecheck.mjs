// Judges the request bodies that providers_print_bodies prints with the vendors' official types: each
// body becomes a constant of the request's type and the TypeScript compiler says whether it fits.
//
//   npm run typecheck -- ../../build/dev/src/providers/providers_print_bodies
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const program_path = process.argv[2];
if (!program_path) {
  console.error("usage: node typecheck.mjs <path of providers_print_bodies>");
  process.exit(2);
}

// Anthropic's types have dropped the temperature, which its older models still take. OpenRouter has no
// types of its own: OpenAI's, and the two members that are its own.
const types = {
  anthropic: "MessageCreateParamsStreaming & { temperature?: number }",
  openai: "ChatCompletionCreateParamsStreaming",
  openrouter:
    "ChatCompletionCreateParamsStreaming & { reasoning?: { effort: string }; usage?: { include: boolean } }",
};

const lines = execFileSync(program_path, { encoding: "utf8" }).trim().split("\n");
let source = `
import type { MessageCreateParamsStreaming } from "@anthropic-ai/sdk/resources/messages";
import type { ChatCompletionCreateParamsStreaming } from "openai/resources/chat/completions";
`;
lines.forEach((line, i) => {
  const { vendor, body } = JSON.parse(line);
  source += `export const body_${i}: ${types[vendor]} = ${JSON.stringify(body, null, 1)};\n`;
});
// The judge must be able to say no.
source += `// @ts-expect-error: max_tokens is required
export const wrong: ${types.anthropic} = { model: "m", messages: [], stream: true };\n`;

const file = join(here, "bodies.ts");
const options = {
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
};
const host = ts.createCompilerHost(options);
const read = host.getSourceFile.bind(host);
host.getSourceFile = (name, ...rest) =>
  name === file ? ts.createSourceFile(name, source, options.target, true) : read(name, ...rest);
const exists = host.fileExists.bind(host);
host.fileExists = (name) => name === file || exists(name);

const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
if (diagnostics.length > 0) {
  console.error(ts.formatDiagnosticsWithColorAndContext(diagnostics, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => here,
    getNewLine: () => "\n",
  }));
  process.exit(1);
}
console.log(`${lines.length} request bodies fit the official types`);
