-- Gives a message whose run has ended a new run.
-- KEYS 1 stream  2 meta  3 messages  4 inbox  5 new run  6 tombstone
-- ARGV 1 message id  2 new run id  3 id of the run that ended  4 run payload  5 agent  6 envelope  7 trace  8 now, RFC 3339  9 ms the record of the run that ended is kept
-- Returns {redriven, new run id} | {other, the message's run id} when its run is another one | {active} when it has not ended | {missing}
-- @include append-events
-- @include wake
local known = redis.call('HGET', KEYS[3], ARGV[1])
if not known or redis.call('EXISTS', KEYS[6]) == 1 then
  return { 'missing' }
end
local record = cjson.decode(known)
-- Sent again after a lost reply, or redriven by two at once: the run's id tells how often the message was redriven.
if record.run_id == ARGV[2] then
  return { 'redriven', ARGV[2] }
end
if record.run_id ~= ARGV[3] then
  return { 'other', record.run_id }
end
local status = redis.call('HGET', string.sub(KEYS[5], 1, -37) .. record.run_id, 'status')
if status == 'queued' or status == 'in_progress' or status == 'requires_action' then
  return { 'active' }
end
redis.call('PEXPIRE', string.sub(KEYS[5], 1, -37) .. record.run_id, ARGV[9])
-- They go with their conversation, or before it by themselves.
local earlier = { record.run_id }
for _, runId in ipairs(record.earlier or {}) do
  if redis.call('EXISTS', string.sub(KEYS[5], 1, -37) .. runId) == 1 then
    earlier[#earlier + 1] = runId
  end
end
record.earlier = earlier
record.run_id = ARGV[2]
record.redrives = (record.redrives or 0) + 1
redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(record))
local turn = redis.call('HINCRBY', KEYS[2], 'turn', 1)
local entry = appendEvents(KEYS[1], KEYS[2], { ARGV[4] })
redis.call('HSET', KEYS[5], 'id', ARGV[2], 'message_id', ARGV[1], 'agent', ARGV[5], 'status', 'queued', 'attempt', 0, 'seq', 0,
  'turn', turn, 'created_at', ARGV[8], 'envelope', ARGV[6], 'trace', ARGV[7], 'entry', entry)
redis.call('RPUSH', KEYS[4], ARGV[2])
wake(KEYS[1], KEYS[2])
return { 'redriven', ARGV[2] }
