-- Appends a batch of a run's events and writes its journal, for the owner only.
-- KEYS 1 stream  2 meta  3 run
-- ARGV 1 fence  2 run-sequence of the first event  3 number of events n  4..3+n payloads, then pairs for the run's hash
-- Returns {OK, who cancelled the run or ''} | {FENCED} | {GAP, run-sequence stored}
-- @include append-events
-- @include append-as-owner
-- @include run-id-of
local refusal, cancelledBy, next = appendAsOwner(KEYS[1], KEYS[2], runIdOf(KEYS[3]), 1)
if refusal then
  return refusal
end
-- Services of the version before tell only the run itself of a cancel. Whoever has nothing to append asks for just that.
if next == 4 and cancelledBy == '' then
  cancelledBy = redis.call('HGET', KEYS[3], 'cancel') or ''
end
for i = next, #ARGV, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
return { 'OK', cancelledBy }
