#!lua flags=allow-oom
-- Publishes what one tool-runner offers of a toolset, also where Redis is full. Several runners may serve the same one, so each
-- has an offer of its own, and none can take away what another offers.
-- KEYS 1 offers (field per runner: `<expires, unix ms> <since, unix ms> <offer>`; since when it says the same)
-- ARGV 1 runner  2 offer, JSON  3 time to live, ms
-- Returns 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expires, since = now + ARGV[3], now
local last = expires
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local until_, from, offer = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
  if tonumber(until_) <= now then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then
    last = math.max(last, tonumber(until_))
  elseif offer == ARGV[2] then
    since = tonumber(from)
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f ', expires, since) .. ARGV[2])
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
return 1
