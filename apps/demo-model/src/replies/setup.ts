export function asksAboutSetup(message: string): boolean {
  return /\bOPENAI_|\bapi[- ]?key\b|\b(?:real|actual|other|own) (?:model|ai|llm|provider)\b|\bopenai\b|\bollama\b/i.test(
    message,
  );
}

export function setup(): string {
  return `I am Holdfast's built-in demo model, not a real AI. To talk to a real one, stop Holdfast and start it with a key:

\`\`\`sh
OPENAI_API_KEY=sk-… npm start
\`\`\`

Any server that speaks OpenAI's API works too, such as one on your own machine:

\`\`\`sh
OPENAI_BASE_URL=http://127.0.0.1:11434/v1 OPENAI_API_KEY=none npm start
\`\`\`

Which model each agent uses is the line \`model:\` in \`holdfast.yaml\`. Your conversations stay.`;
}
