-- Keeps the questions that a call which runs has open, where the worker that looks after the call finds them, and tells it of
-- a new one.
-- KEYS 1 calls of the conversation  2 results:<conversation id>
-- ARGV 1 call id  2 open questions, a JSON list, or ''  3 entry's id field  4 the new question, or ''  5 ms both are kept
-- Returns {OK} | {ended} the call does not run: nothing was changed
if string.sub(redis.call('HGET', KEYS[1], ARGV[1]) or '', 1, 2) ~= 's:' then
  return { 'ended' }
end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1] .. ':questions')
else
  redis.call('HSET', KEYS[1], ARGV[1] .. ':questions', ARGV[2])
end
if ARGV[4] ~= '' then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'id', ARGV[3], 'payload', ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return { 'OK' }
