-- appendEvents(streamKey, metaKey, payloads, ids, head) -> entry id of the last event; `head` is meta's epoch, seq and lineage
-- where they were read already
-- The one place that writes an event log. Entry ids are <epoch>-<seq>, seq contiguous from 1; an event's UUID is minted
-- from both unless ids[i] gives one. The same bytes are published on a channel named like the stream, in the same call,
-- so log and live delivery cannot disagree. All checks must stand before: Redis does not roll a script back.
-- @include epoch
local function appendEvents(streamKey, metaKey, payloads, ids, head)
  head = head or redis.call('HMGET', metaKey, 'epoch', 'seq', 'lineage')
  local epoch, seq = epochOf(metaKey, head[1], head[3]), tonumber(head[2] or '0')
  local prefix, lines = uuidPrefix(epoch), {}
  for i, payload in ipairs(payloads) do
    seq = seq + 1
    local entryId = epoch .. '-' .. string.format('%.0f', seq)
    redis.call('XADD', streamKey, entryId, 'id', ids[i] or (prefix .. string.format('%012x', seq)), 'payload', payload)
    lines[i] = entryId .. ' ' .. payload
  end
  local last = epoch .. '-' .. string.format('%.0f', seq)
  if #payloads > 0 then
    redis.call('HSET', metaKey, 'seq', string.format('%.0f', seq))
    redis.call(PUBLISH, streamKey, table.concat(lines, '\n'))
  end
  return last
end
