#!lua flags=no-writes
-- What tool-runners offer of a toolset now.
-- KEYS 1 offers (see offer-1)
-- Returns pairs of since when, unix ms, and the offer, JSON
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local standing = {}
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local expires, since, offer = string.match(value, '^(%d+) (%d+) (.*)$')
  if tonumber(expires) > now then
    standing[#standing + 1] = since
    standing[#standing + 1] = offer
  end
end
return standing
