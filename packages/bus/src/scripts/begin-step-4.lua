-- Begins a step of a run, for the owner only: what waits to be steered into the run enters the model's input here. In one
-- call the messages go into the run's journal and their own runs end `completed`, reason `steered`, without an output; so
-- none is lost or heard twice, whoever dies when. A run that is being cancelled takes nothing. What the owner had to append
-- before is appended in the same call: it saves a trip at the beginning of every answer.
-- KEYS 1 meta  2 run  3 steer  4 stream
-- ARGV 1 fence  2 run-sequence of the first event  3 number of events n  4..3+n payloads  4+n step
--   5+n payload of `run completed` with "attempt":-1, @run and @message to be filled in  6+n now, RFC 3339, then pairs for the run's hash
-- Returns {OK, who cancelled the run or '', JSON list of what was steered in before this step, by whichever attempt} | {FENCED}
--   | {GAP, run-sequence stored}
-- @include append-events
-- @include append-as-owner
-- @include run-id-of
local refusal, cancelledBy, at = appendAsOwner(KEYS[4], KEYS[1], runIdOf(KEYS[2]), 1)
if refusal then
  return refusal
end
local step, steeredPayload, now = unpack(ARGV, at, at + 2)
for i = at + 3, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
local field = 'j:steered:' .. step
local taken = redis.call('HGET', KEYS[2], field)
if cancelledBy ~= '' then
  return { 'OK', cancelledBy, taken or '[]' }
end
local fresh, ends = {}, {}
for _, runId in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
  local runKey = string.sub(KEYS[2], 1, -37) .. runId
  local run = redis.call('HMGET', runKey, 'message_id', 'attempt', 'envelope')
  -- One without its envelope is over. An error here would leave half of this call done.
  if run[3] then
    fresh[#fresh + 1] = '{"run_id":"' .. runId .. '","envelope":' .. run[3] .. '}'
    local payload = string.gsub(steeredPayload, '"attempt":%-1', '"attempt":' .. run[2], 1)
    payload = string.gsub(payload, '@run', runId, 1)
    ends[#ends + 1] = string.gsub(payload, '@message', run[1], 1)
    redis.call('HDEL', runKey, 'envelope', 'trace')
    redis.call('HSET', runKey, 'status', 'completed', 'finished_at', now, 'reason', 'steered')
  end
end
if #fresh > 0 then
  local before = taken and string.sub(taken, 2, -2) .. ',' or ''
  taken = '[' .. before .. table.concat(fresh, ',') .. ']'
  redis.call('HSET', KEYS[2], field, taken)
  appendEvents(KEYS[4], KEYS[1], ends)
  redis.call('DEL', KEYS[3])
end
return { 'OK', '', taken or '[]' }
