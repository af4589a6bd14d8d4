/** What MCP servers ask humans while they run a call (protocol §2.7, §3.2, §4). */
export const questions = {
  "mcp.form": "What a human fills in is held against the server's form, on the page and at the gateway (protocol §4)",
  "elicitation.answer": "A server that asks while it runs a call is told what the call's human says (protocol §2.7)",
  "elicitation.clock": "No time of a call passes while it waits for a human (protocol §2.7)",
  "elicitation.cancel": "A question ends with its call, and the server is told (protocol §2.7)",
  "elicitation.form": "Only forms that a human can see and answer are asked (protocol §2.7)",
  "elicitation.which": "Where it is not certain which call a server asks for, nobody is asked (protocol §2.7)",
  "elicitation.unread":
    "A question that is refused as malformed is not kept, and never taken for another (protocol §2.7)",
  "elicitation.places": "A call that waits for a human keeps no call of another server waiting (protocol §2.7)",
  "elicitation.replaced":
    "A call that waits for its turn at a server whose configuration changes waits for the new one's (protocol §6.1)",
  "elicitation.once":
    "A call whose server wanted to know something has been begun: it is not made anew (protocol §2.7)",
  "elicitation.death":
    "A server that dies while it asks ends its call unknown, whatever its human does (protocol §2.7)",
  "elicitation.redacted": "What a server shows a human holds no secret that is known as one (protocol §2.7)",
  "elicitation.off": "A server whose configuration says so asks nobody (protocol §6.1)",
  "elicitation.runner": "A question that nobody can take up, or that has no time left, is cancelled (protocol §2.7)",
  "elicitation.lost": "A question whose approval a failover has lost is asked again (protocol §2.7)",
  "elicitation.over": "That a question is over is told until it is heard, so that no run waits for it (protocol §2.7)",
  "elicitation.official": "The reference server asks over stdio and over HTTP (protocol §2.7)",
  "question.ask": "A question is an approval of kind question, wherever approvals are shown (protocol §3.2, §4)",
  "question.once": "A question is asked once, whoever owns the run (protocol §3.2)",
  "question.found": "A worker that takes a call over finds what it asks (protocol §2.7)",
  "question.secret":
    "What a human fills in stands in no event and no log, and not longer than its call (protocol §3.2)",
  "question.repeat": "The same answer again is the same answer, another is refused (protocol §4)",
  "question.ends": "A question that nobody answered ends expired, however its call ends (protocol §4)",
  "question.withdrawn": "A question that its server takes back expires while its call goes on (protocol §2.7)",
  "question.run": "A run whose call asks goes on, and neither its patience nor its budget runs out (protocol §3.2)",
  "question.content": "An answer that does not fit the form is refused, by field (protocol §4)",
  "question.page": "A server's question is answered in the browser, also after a reload (protocol §4, §5.3)",
  "question.worker-killed":
    "A question outlives its worker: it is asked once and answered once, and the call runs once (protocol §3.4)",
  "question.runner-killed": "A question ends with its tool-runner, and its call is unknown (protocol §2.7)",
  "page.question": "The page shows a question as a form that a keyboard can fill in, and says who asks (protocol §9)",
} as const;
