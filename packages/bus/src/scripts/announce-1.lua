-- Who is to tell the conversations that a command took effect: one process at a time. What is told is marked only when all
-- conversations know it (announced-1), so that another goes on where the first died.
-- KEYS 1 {control:<agent>}:state (entry, command, by, state; reload, reload_by: the newest reload that took effect; announced,
--        reload_announced: entry ids of what all were told; telling_until: unix ms)
-- ARGV 1 entry id of a `reload` that took effect, then nothing else is told, or ''  2 who gave it  3 milliseconds that telling may take
-- Returns {'state' | 'reload', entry id, command, by, state}, {} where there is nothing to tell or somebody else tells it
-- @include entry-order
if ARGV[1] ~= '' then
  local known = redis.call('HGET', KEYS[1], 'reload')
  if not known or isNewerEntry(ARGV[1], known) then
    redis.call('HSET', KEYS[1], 'reload', ARGV[1], 'reload_by', ARGV[2])
  end
end
local now = redis.call('HMGET', KEYS[1], 'entry', 'announced', 'command', 'by', 'state', 'reload', 'reload_announced', 'reload_by', 'telling_until')
local isReload = now[6] and now[6] ~= now[7]
if not isReload and (ARGV[1] ~= '' or not now[1] or now[1] == now[2]) then
  return {}
end
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
if now[9] and ms < tonumber(now[9]) then
  return {}
end
redis.call('HSET', KEYS[1], 'telling_until', string.format('%.0f', ms + ARGV[3]))
if isReload then
  return { 'reload', now[6], 'reload', now[8], now[5] or 'running' }
end
return { 'state', now[1], now[3], now[4], now[5] }
