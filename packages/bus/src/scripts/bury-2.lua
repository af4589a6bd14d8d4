-- Writes a dead letter unless it stands there: sent again after a lost reply, or by the sweep, it must not be redriven twice.
-- KEYS 1 dead letters of a topic  2 hash: where each stands, by its source entry and the message
-- ARGV 1 source entry and message  2… fields of the letter and their values
-- Returns {entry id}
local known = redis.call('HGET', KEYS[2], ARGV[1])
-- An operator may have taken it out by hand.
if known and #redis.call('XRANGE', KEYS[1], known, known) == 1 then
  return { known }
end
local entry = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
redis.call('HSET', KEYS[2], ARGV[1], entry)
return { entry }
