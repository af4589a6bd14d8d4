#!lua flags=allow-oom
-- Removes a conversation and leaves a tombstone. Owners of its runs find their fence gone and stop.
-- KEYS 1 stream  2 meta  3 messages  4 inbox  5 history  6 tombstone  7 prefix of run keys  8 steer
-- ARGV 1 seconds the tombstone stays
-- Returns {deleted, run id, agent, run id, agent, …} | {missing}
if redis.call('EXISTS', KEYS[2]) == 0 then
  return { 'missing' }
end
local answer = { 'deleted' }
for _, record in ipairs(redis.call('HVALS', KEYS[3])) do
  local runId = cjson.decode(record).run_id
  answer[#answer + 1] = runId
  answer[#answer + 1] = redis.call('HGET', KEYS[7] .. runId, 'agent') or ''
  redis.call('DEL', KEYS[7] .. runId)
end
redis.call('SET', KEYS[6], '1', 'EX', ARGV[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[8])
redis.call('PUBLISH', KEYS[1], '!deleted')
return answer
