-- appendAsOwner(streamKey, metaKey, runId, at) -> refusal or nil, who cancelled the run or '', where in ARGV the next thing stands
-- For the owner of a run only: a fence that has moved on refuses everything. ARGV[at] is the fence, then the run-sequence of the
-- first event, the number of events n, n payloads. What is stored already is skipped, so a batch whose reply was lost is sent
-- again safely; a hole is refused.
-- All that it reads and writes beside the log stands in meta: most calls append one token, and each further key costs as
-- much as the XADD. While a run is the active one, owned, parked or released, meta has `run_seq`, its sequence, and
-- `run_cancel`, who cancelled it (see flag-cancel.lua). A claim puts them there, and they go with the run's end.
local function appendAsOwner(streamKey, metaKey, runId, at)
  local first, from = tonumber(ARGV[at + 1]), at + 3
  local to = at + 2 + tonumber(ARGV[at + 2])
  local head = redis.call('HMGET', metaKey, 'epoch', 'seq', 'lineage', 'fence', 'run_seq', 'run_cancel', 'active')
  if head[4] ~= ARGV[at] or head[7] ~= runId then
    return { 'FENCED' }, nil, to + 1
  end
  local have = tonumber(head[5] or '0')
  if first > have + 1 then
    return { 'GAP', tostring(have) }, nil, to + 1
  end
  local fresh = from + have - first + 1
  if fresh <= to then
    writeEvents(streamKey, metaKey, head, ARGV, fresh, to, nil, first + to - from)
  end
  return nil, head[6] or '', to + 1
end
