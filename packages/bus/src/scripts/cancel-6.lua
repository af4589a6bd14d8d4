-- Cancels a run: one that waits, for its turn or for a human, ends here and now; one that has an owner gets a flag that the
-- owner obeys.
-- KEYS 1 stream  2 meta  3 run  4 inbox  5 history  6 steer
-- ARGV 1 run id  2 by  3 payload of `run cancelled` with "attempt":-1 to be filled in  4 now, RFC 3339
--      5 what the history is to hold of a run that waited  6 the same without anything for the model
-- Returns {requested|cancelled|ended, status, agent, ids of approvals that wait no more or nothing} | {missing}
-- @include append-events
-- @include insert-turn
-- @include end-parked
-- @include flag-cancel
local run = redis.call('HMGET', KEYS[3], 'status', 'agent', 'attempt', 'turn')
local status = run[1]
if not status then
  return { 'missing' }
end
if status == 'completed' or status == 'incomplete' or status == 'failed' or status == 'cancelled' then
  return { 'ended', status, run[2] }
end
if status == 'requires_action' then
  local ids = endParked(KEYS[1], KEYS[2], KEYS[3], ARGV[4])
  return { 'cancelled', 'cancelled', run[2], ids }
end
if redis.call('LREM', KEYS[4], 0, ARGV[1]) + redis.call('LREM', KEYS[6], 0, ARGV[1]) == 0 then
  flagCancel(KEYS[2], KEYS[3], ARGV[2])
  return { 'requested', status, run[2] }
end
local payload = string.gsub(ARGV[3], '"attempt":%-1', '"attempt":' .. run[3], 1)
appendEvents(KEYS[1], KEYS[2], { payload })
-- What could not be read is nobody's words: the model hears nothing of it.
local record = redis.call('HEXISTS', KEYS[3], 'refusal') == 1 and ARGV[6] or ARGV[5]
insertTurn(KEYS[5], run[4], { record }, true)
redis.call('HDEL', KEYS[3], 'envelope', 'trace')
redis.call('HSET', KEYS[3], 'status', 'cancelled', 'finished_at', ARGV[4], 'reason', 'cancelled')
return { 'cancelled', 'cancelled', run[2] }
