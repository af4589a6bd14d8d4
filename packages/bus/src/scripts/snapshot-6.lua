#!lua flags=no-writes
-- Reads a conversation at one instant.
-- KEYS 1 meta  2 history  3 inbox  4 prefix of run keys  5 tombstone  6 steer
-- Returns {found, meta as a flat list, history, active run as a flat list, {waiting run as a flat list, …},
--   {`approval` event that waits, …}} | {missing} | {deleted}
if redis.call('EXISTS', KEYS[5]) == 1 then
  return { 'deleted' }
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  return { 'missing' }
end
local active = redis.call('HGET', KEYS[1], 'active')
local waiting = {}
for _, list in ipairs({ KEYS[6], KEYS[3] }) do
  for _, runId in ipairs(redis.call('LRANGE', list, 0, -1)) do
    waiting[#waiting + 1] = redis.call('HGETALL', KEYS[4] .. runId)
  end
end
local approvals = {}
local of = active and redis.call('HMGET', KEYS[4] .. active, 'asked', 'questions') or {}
for id in string.gmatch((of[1] or '') .. ' ' .. (of[2] or ''), '%S+') do
  local asked = redis.call('HMGET', string.sub(KEYS[1], 1, -5) .. 'approvals', id .. ':status', id)
  if asked[1] == 'requested' then
    approvals[#approvals + 1] = asked[2]
  end
end
return { 'found', redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1), active and redis.call('HGETALL', KEYS[4] .. active) or {}, waiting, approvals }
