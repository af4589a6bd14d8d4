-- One process tells the conversations that a command took effect: the first that asks.
-- KEYS 1 {control:<agent>}:state
-- Returns {command, by, state} for the one that is to tell, {} for all others
local now = redis.call('HMGET', KEYS[1], 'entry', 'announced', 'command', 'by', 'state')
if not now[1] or now[1] == now[2] then
  return {}
end
redis.call('HSET', KEYS[1], 'announced', now[1])
return { now[3], now[4], now[5] }
