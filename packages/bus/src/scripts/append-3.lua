-- Appends a batch of a run's events and writes its journal, for the owner only.
-- KEYS 1 stream  2 meta  3 run
-- ARGV 1 fence  2 run-sequence of the first event  3 number of events n  4..3+n payloads, then pairs for the run's hash
-- Returns {OK, who cancelled the run or ''} | {FENCED} | {GAP, run-sequence stored}
-- @include append-events
-- @include append-as-owner
-- @include events-given
local payloads = eventsGiven(3)
local refusal, cancelledBy = appendAsOwner(KEYS[1], KEYS[2], KEYS[3], ARGV[1], tonumber(ARGV[2]), payloads)
if refusal then
  return refusal
end
for i = 4 + #payloads, #ARGV, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
return { 'OK', cancelledBy }
