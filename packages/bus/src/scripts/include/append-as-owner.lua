-- appendAsOwner(streamKey, metaKey, runKey, fence, first, payloads) -> refusal or nil, who cancelled the run or ''
-- For the owner of a run only: a fence that has moved on refuses everything. `first` is the run-sequence of payloads[1];
-- what is stored already is skipped, so a batch whose reply was lost is sent again safely; a hole is refused.
local function appendAsOwner(streamKey, metaKey, runKey, fence, first, payloads)
  local head = redis.call('HMGET', metaKey, 'epoch', 'seq', 'lineage', 'fence')
  if head[4] ~= fence then
    return { 'FENCED' }
  end
  local own = redis.call('HMGET', runKey, 'seq', 'cancel')
  local have = tonumber(own[1] or '0')
  if first > have + 1 then
    return { 'GAP', tostring(have) }
  end
  local from = have - first + 2
  if from <= #payloads then
    appendEvents(streamKey, metaKey, payloads, nil, head, from)
    redis.call('HSET', runKey, 'seq', string.format('%.0f', first + #payloads - 1))
  end
  return nil, own[2] or ''
end
