#!lua flags=allow-oom
-- Publishes what a tool-runner offers of a toolset, also where Redis is full. Several runners may serve the same one: while
-- one has it ready, another that only starts says nothing, or runs would be told meanwhile that there are no such tools.
-- KEYS 1 offer
-- ARGV 1 offer, JSON with its state  2 time to live, ms
-- Returns 1 when it stands
local standing = redis.call('GET', KEYS[1])
if standing and cjson.decode(ARGV[1]).state == 'starting' and cjson.decode(standing).state == 'ready' then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
