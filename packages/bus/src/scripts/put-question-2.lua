-- Keeps the questions that a call which runs has open, and which are over, where the worker that looks after the call finds
-- them, and tells it of a new one. A question that stands in neither may only have been lost.
-- KEYS 1 calls of the conversation  2 results:<conversation id>
-- ARGV 1 call id  2 open questions, a JSON list, or ''  3 ids of those that are over, separated by spaces, or ''
--      4 entry's id field  5 the new question, or ''  6 ms both are kept
-- Returns {OK} | {ended} the call does not run: nothing was changed
if string.sub(redis.call('HGET', KEYS[1], ARGV[1]) or '', 1, 2) ~= 's:' then
  return { 'ended' }
end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1] .. ':questions')
else
  redis.call('HSET', KEYS[1], ARGV[1] .. ':questions', ARGV[2])
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1] .. ':over', ARGV[3])
end
if ARGV[5] ~= '' then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'id', ARGV[4], 'payload', ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
return { 'OK' }
