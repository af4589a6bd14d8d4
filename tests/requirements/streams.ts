/** The gateway's streams (protocol §5). */
export const streams = {
  "sse.response": "A stream sends headers at once, `retry:` first, one data line per event (protocol §5.1, §5.2)",
  "sse.utf8": "Text of any script arrives exactly, live and on replay (protocol §5.2)",
  "sse.merge": "Replay may merge consecutive tokens of one step into one frame (protocol §5.2)",
  "sse.resume": "A stream continues strictly after Last-Event-ID, an entry id or an event's UUID (protocol §5.3)",
  "sse.small":
    "A token that comes at a model's pace takes at most 250 bytes on the wire, its id included (protocol §3.2)",
  "sse.newest": "`after=$` gives only what is new (protocol §5.3)",
  "sse.fan-out": "Every reader gets the same text, whenever and at whichever gateway it joined (protocol §5, §7.4)",
  "sse.run":
    "`run_id` ends the stream after the run's end, and is 204 when that is at or before the cursor (protocol §5.3)",
  "sse.heartbeat": "Every connection hears a comment at each interval (protocol §5.4)",
  "sse.reset": "A cursor that cannot be continued gets a reset with its reason, then everything kept (protocol §5.5)",
  "sse.compacted": "A cursor inside a compacted run continues (protocol §5.5)",
  "sse.compound": "Several conversations share a connection, and are resumed each where it was (protocol §5.7)",
  "sse.slow": "A reader that does not drain is cut off and resumes by its cursor (protocol §5.6)",
  "sse.shutdown": "Shutdown breaks streams, it never ends them cleanly in a run (protocol §5.6)",
  "sse.gap": "A lost live message is read from the log before anything later goes out (protocol §3.1)",
  "sse.lost-last": "A lost last message is found without a later one (protocol §3.1)",
  "sse.lost-tail": "A log that lost what was shown begins another epoch, and readers are reset (protocol §5.5, §3.1)",
  "sse.redis-away": "Readers stay connected through an outage of Redis and miss nothing (protocol §3.4)",
} as const;
