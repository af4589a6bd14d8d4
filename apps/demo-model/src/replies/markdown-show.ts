/** A little of everything that Markdown can do, to look at how the page shows it. */
export function markdownShow(): string {
  return `# A heading

I am Holdfast's built-in demo model, not a real AI. This is **bold**, this is _italic_, this is \`code\` and this is ~~gone~~.

1. first
2. second
   - nested
   - list

| event | meaning |
| --- | --- |
| \`token\` | a piece of model text |
| \`output\` | the whole text, once |

\`\`\`ts
for await (const event of follow(conversation)) {
  state = reduce(state, event);
}
\`\`\`

> A quotation, with a [link](https://www.rfc-editor.org/rfc/rfc9457).
`;
}
