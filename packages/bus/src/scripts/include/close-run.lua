-- closeRun(metaKey, runKey, steerKey, inboxKey)
-- After the last event of the conversation's active run: nobody owns it any more, and without a fence nobody writes after
-- that event. The history has what the journal had: a finished run keeps only what GET /v1/runs shows.
-- @include return-steered
local function closeRun(metaKey, runKey, steerKey, inboxKey)
  for _, field in ipairs(redis.call('HKEYS', runKey)) do
    if string.sub(field, 1, 2) == 'j:' then
      redis.call('HDEL', runKey, field)
    end
  end
  redis.call('HDEL', runKey, 'envelope', 'trace', 'cancel', 'if_cancelled', 'asked', 'waits')
  redis.call('HDEL', metaKey, 'active', 'owner', 'fence', 'run_seq', 'run_cancel')
  returnSteered(steerKey, inboxKey)
end
