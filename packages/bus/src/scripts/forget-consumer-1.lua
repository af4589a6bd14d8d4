#!lua flags=allow-oom
-- Removes the name of a dead consumer that has nothing pending. With pending entries it must stay: they would be lost.
-- KEYS 1 topic
-- ARGV 1 group  2 consumer
-- Returns 1 when removed
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending > 0 then
  return 0
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
