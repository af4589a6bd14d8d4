-- One process tells the conversations that a command took effect: the first that asks.
-- KEYS 1 {control:<agent>}:state
-- ARGV 1 entry id of a `reload`, or '' for the command that made the state  2 who gave the `reload`
-- Returns {command, by, state} for the one that is to tell, {} for all others
-- @include entry-order
if ARGV[1] ~= '' then
  local told = redis.call('HGET', KEYS[1], 'reload_announced')
  if told and not isNewerEntry(ARGV[1], told) then
    return {}
  end
  redis.call('HSET', KEYS[1], 'reload_announced', ARGV[1])
  return { 'reload', ARGV[2], redis.call('HGET', KEYS[1], 'state') or 'running' }
end
local now = redis.call('HMGET', KEYS[1], 'entry', 'announced', 'command', 'by', 'state')
if not now[1] or now[1] == now[2] then
  return {}
end
redis.call('HSET', KEYS[1], 'announced', now[1])
return { now[3], now[4], now[5] }
