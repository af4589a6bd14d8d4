#!lua flags=allow-oom
-- Gives a conversation in which nothing runs or waits its time to live. `accept` and `redrive` take it away again, so a
-- conversation at work never expires; its earlier runs are renewed now and then, however long the work takes.
-- KEYS 1 meta  2 stream  3 messages  4 inbox  5 history  6 prefix of run keys  7 approvals
-- ARGV 1 time to live, ms  2 now, unix ms  3 entry id through which the log is compacted, or ''  4 run that ended just now, or ''
-- Returns {gone} | {busy | waiting | resting, ms left or '', {run id, …}, {approval id, …}} whose pointers are to be renewed
if redis.call('EXISTS', KEYS[1]) == 0 then
  return { 'gone' }
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'compacted', ARGV[3])
end
local ttl, now = tonumber(ARGV[1]), tonumber(ARGV[2])
-- A run is kept a little longer than its conversation, so that not all of them must be renewed whenever one ends. `kept` says
-- how many have an end of their own, and since when: all that were accepted, or all but the one that ended just now.
local runTtl = string.format('%.0f', math.ceil(ttl * 1.02))
local function keepsAllBut(run)
  local count, since = string.match(redis.call('HGET', KEYS[1], 'kept') or '', '^(%d+) (%d+)$')
  if run == '' or not count or now - tonumber(since) >= ttl / 100 then
    return false
  end
  local runKey = KEYS[6] .. run
  local accepted = redis.call('HLEN', KEYS[3])
  if tonumber(count) ~= accepted - 1 or redis.call('PTTL', runKey) ~= -1 or redis.call('HEXISTS', runKey, 'envelope') == 1 then
    return false
  end
  redis.call('PEXPIRE', runKey, runTtl)
  redis.call('HSET', KEYS[1], 'kept', accepted .. ' ' .. since)
  return true
end
local state = 'resting'
local active = redis.call('HGET', KEYS[1], 'active')
if active then
  -- Humans may take a day: there is no need to look every minute.
  state = redis.call('HGET', KEYS[6] .. active, 'status') == 'requires_action' and 'waiting' or 'busy'
elseif redis.call('LLEN', KEYS[4]) > 0 then
  state = 'waiting'
end
local left = redis.call('PTTL', KEYS[1])
if state == 'resting' and left >= 0 then
  return { state, tostring(left), {}, {} }
end
local renewed = tonumber(redis.call('HGET', KEYS[1], 'renewed') or '0')
local isDue = now - renewed >= ttl / 20
local runs, approvals = {}, {}
if isDue or state == 'resting' and not keepsAllBut(ARGV[4]) then
  local count = 0
  for _, record in ipairs(redis.call('HVALS', KEYS[3])) do
    -- Thousands of turns: reading this one field costs less than half of decoding the record.
    local runId = string.match(record, '"run_id":"([^"]+)"')
    local runKey = KEYS[6] .. runId
    -- A run that has not ended still has its envelope, and no end of its own; its pointer has one.
    if redis.call('HEXISTS', runKey, 'envelope') == 0 then
      redis.call('PEXPIRE', runKey, runTtl)
      count = count + 1
    end
    if isDue then
      runs[#runs + 1] = runId
    end
  end
  redis.call('HSET', KEYS[1], 'kept', count .. ' ' .. string.format('%.0f', now))
end
if isDue then
  for _, field in ipairs(redis.call('HKEYS', KEYS[7])) do
    if not string.find(field, ':', 1, true) then
      approvals[#approvals + 1] = field
    end
  end
  redis.call('HSET', KEYS[1], 'renewed', string.format('%.0f', now))
end
if state == 'resting' then
  for i = 1, 5 do
    redis.call('PEXPIRE', KEYS[i], ttl)
  end
  redis.call('PEXPIRE', KEYS[7], ttl)
end
return { state, state == 'resting' and tostring(ttl) or '', runs, approvals }
