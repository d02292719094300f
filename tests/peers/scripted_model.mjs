// A model whose whole turn stands in the prompt: "script-please [STEP, …]". A step is one answer of the
// model: {"tool": NAME, "arguments": {…}} calls a tool, {"text": …} says something, where {result} stands
// for what the last tool gave. A fixture of the emulator.
const textOf = (content) =>
  typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');

export const scripted = {
  match: { userMessage: 'script-please' },
  response: ({ messages }) => {
    const asked = messages.findLastIndex(({ role }) => role === 'user');
    const since = messages.slice(asked + 1);
    const steps = JSON.parse(textOf(messages[asked].content).split('script-please')[1]);
    const step = steps[since.filter(({ role }) => role === 'assistant').length];
    if (step === undefined) return { content: 'The script is at its end.' };
    if (step.tool) return { toolCalls: [{ name: step.tool, arguments: JSON.stringify(step.arguments) }] };
    const results = since.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content));
    return { content: step.text.replace('{result}', () => results.at(-1) ?? '') };
  },
};
