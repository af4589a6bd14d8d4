-- appendAsOwner(streamKey, metaKey, runKey, fence, first, payloads) -> refusal or nil, who cancelled the run or ''
-- For the owner of a run only: a fence that has moved on refuses everything. `first` is the run-sequence of payloads[1];
-- what is stored already is skipped, so a batch whose reply was lost is sent again safely; a hole is refused.
-- All that it reads and writes beside the log stands in meta: most calls append one token, and each further key costs as
-- much as the XADD. While a run is the active one, owned, parked or released, meta has `run_seq`, its sequence, and
-- `run_cancel`, who cancelled it (see flag-cancel.lua). A claim puts them there, and they go with the run's end.
local function appendAsOwner(streamKey, metaKey, runKey, fence, first, payloads)
  local head = redis.call('HMGET', metaKey, 'epoch', 'seq', 'lineage', 'fence', 'run_seq', 'run_cancel', 'active')
  if head[4] ~= fence or head[7] ~= string.sub(runKey, -36) then
    return { 'FENCED' }
  end
  local have = tonumber(head[5] or '0')
  if first > have + 1 then
    return { 'GAP', tostring(have) }
  end
  local from = have - first + 2
  if from <= #payloads then
    appendEvents(streamKey, metaKey, payloads, nil, head, from, first + #payloads - 1)
  end
  return nil, head[6] or ''
end
