#!lua flags=allow-oom
-- Removes a conversation and leaves a tombstone. Owners of its runs find their fence gone and stop.
-- KEYS 1 stream  2 meta  3 messages  4 inbox  5 history  6 tombstone  7 prefix of run keys  8 steer
-- ARGV 1 seconds the tombstone stays  2 id of this request: sent again after a lost reply it gets the same answer, which the
--      tombstone keeps until the caller has heard it
-- Returns {deleted, {run id, agent, run id, agent, …}, {approval id, …}, id of the run that somebody was at work on, or ''} | {missing}
if redis.call('EXISTS', KEYS[2]) == 0 then
  local kept = redis.call('GET', KEYS[6]) or ''
  if string.sub(kept, 1, #ARGV[2]) == ARGV[2] then
    return cjson.decode(string.sub(kept, #ARGV[2] + 1))
  end
  return { 'missing' }
end
local runs, approvals = {}, {}
local atWork = redis.call('HGET', KEYS[2], 'active') or ''
local function remove(runId)
  runs[#runs + 1] = runId
  runs[#runs + 1] = redis.call('HGET', KEYS[7] .. runId, 'agent') or ''
  redis.call('DEL', KEYS[7] .. runId)
end
for _, value in ipairs(redis.call('HVALS', KEYS[3])) do
  local record = cjson.decode(value)
  remove(record.run_id)
  for _, runId in ipairs(record.earlier or {}) do
    remove(runId)
  end
end
local approvalsKey = string.sub(KEYS[2], 1, -5) .. 'approvals'
for _, field in ipairs(redis.call('HKEYS', approvalsKey)) do
  if not string.find(field, ':', 1, true) then
    approvals[#approvals + 1] = field
  end
end
local answer = { 'deleted', runs, approvals, atWork }
redis.call('SET', KEYS[6], ARGV[2] .. cjson.encode(answer), 'EX', ARGV[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[8], approvalsKey)
redis.call(PUBLISH, KEYS[1], '!deleted')
return answer
