-- Begins a step of a run, for the owner only: what waits to be steered into the run enters the model's input here. In one
-- call the messages go into the run's journal and their own runs end `completed`, reason `steered`, without an output; so
-- none is lost or heard twice, whoever dies when. A run that is being cancelled takes nothing.
-- KEYS 1 meta  2 run  3 steer  4 stream
-- ARGV 1 fence  2 step  3 payload of `run completed` with "attempt":-1, @run and @message to be filled in  4 now, RFC 3339
-- Returns {OK, who cancelled the run or '', JSON list of what was steered in before this step, by whichever attempt} | {FENCED}
-- @include append-events
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return { 'FENCED' }
end
local field = 'j:steered:' .. ARGV[2]
local taken = redis.call('HGET', KEYS[2], field)
local cancel = redis.call('HGET', KEYS[2], 'cancel')
if cancel then
  return { 'OK', cancel, taken or '[]' }
end
local fresh, payloads = {}, {}
for i, runId in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
  local runKey = string.sub(KEYS[2], 1, -37) .. runId
  local run = redis.call('HMGET', runKey, 'message_id', 'attempt', 'envelope')
  fresh[i] = '{"run_id":"' .. runId .. '","envelope":' .. run[3] .. '}'
  local payload = string.gsub(ARGV[3], '"attempt":%-1', '"attempt":' .. run[2], 1)
  payload = string.gsub(payload, '@run', runId, 1)
  payloads[i] = string.gsub(payload, '@message', run[1], 1)
  redis.call('HDEL', runKey, 'envelope', 'trace')
  redis.call('HSET', runKey, 'status', 'completed', 'finished_at', ARGV[4], 'reason', 'steered')
end
if #fresh > 0 then
  local before = taken and string.sub(taken, 2, -2) .. ',' or ''
  taken = '[' .. before .. table.concat(fresh, ',') .. ']'
  redis.call('HSET', KEYS[2], field, taken)
  appendEvents(KEYS[4], KEYS[1], payloads, {})
  redis.call('DEL', KEYS[3])
end
return { 'OK', '', taken or '[]' }
