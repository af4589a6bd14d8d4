-- withAttempt(payload, runKey) -> the event under the attempt that the run is in now: it may have been written for an earlier
-- one. `attempt` stands before everything that others have put into an event.
local function withAttempt(payload, runKey)
  local attempt = redis.call('HGET', runKey, 'attempt') or '0'
  return (string.gsub(payload, '"attempt":%d+', '"attempt":' .. attempt, 1))
end
