/**
 * The proxy everybody writes first: one process, Express, the openai SDK, and each piece of text sent on as it comes. The
 * answer lives in this process and in one response; when either ends, it is gone.
 */
import type { AddressInfo } from "node:net";
import express from "express";
import OpenAI from "openai";

const openai = new OpenAI({ baseURL: process.env["OPENAI_BASE_URL"], apiKey: "bench", maxRetries: 0 });
const app = express();

app.post("/chat", express.json(), async (request, response) => {
  const { content } = request.body as { content: string };
  const abort = new AbortController();
  response.on("close", () => abort.abort());
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  try {
    const stream = await openai.chat.completions.create(
      {
        model: "scripted",
        messages: [{ role: "user", content }],
        stream: true,
        stream_options: { include_usage: true },
      },
      { signal: abort.signal },
    );
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content;
      if (text) response.write(`data: ${JSON.stringify({ text })}\n\n`);
    }
    response.end("data: [DONE]\n\n");
  } catch {
    response.destroy();
  }
});

const server = app.listen(0, "127.0.0.1", 4_096, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ message: "ready", url: `http://127.0.0.1:${port}` }));
});
process.on("SIGTERM", () => process.exit(0));
