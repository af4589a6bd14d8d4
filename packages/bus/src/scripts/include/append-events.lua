-- appendEvents(streamKey, metaKey, payloads, ids, head, from, runSeq) -> entry id of the last event, or nothing where there is none
-- `head` is meta's epoch, seq and lineage where they were read already; the first event is payloads[from], or payloads[1];
-- `runSeq` is the active run's sequence after them, where its owner appends.
-- The one place that writes an event log. Entry ids are <epoch>-<seq>, seq contiguous from 1; an event's UUID is minted
-- from both unless ids[i] gives one. The same bytes are published on a channel named like the stream, in the same call,
-- so log and live delivery cannot disagree. All checks must stand before: Redis does not roll a script back.
-- @include epoch
local function appendEvents(streamKey, metaKey, payloads, ids, head, from, runSeq)
  head = head or redis.call('HMGET', metaKey, 'epoch', 'seq', 'lineage')
  local epoch, seq = epochOf(metaKey, head[1], head[3]), tonumber(head[2] or '0')
  local prefix, entryId, published = uuidPrefix(epoch), nil, nil
  from = from or 1
  -- Most often it is one event, thousands of times in a second: no list for it.
  local lines = #payloads > from and {}
  for i = from, #payloads do
    seq = seq + 1
    entryId = string.format('%s-%.0f', epoch, seq)
    local id = ids and ids[i] or string.format('%s%012x', prefix, seq)
    redis.call('XADD', streamKey, entryId, 'id', id, 'payload', payloads[i])
    published = entryId .. ' ' .. payloads[i]
    if lines then
      lines[#lines + 1] = published
    end
  end
  if entryId then
    if runSeq then
      redis.call('HSET', metaKey, 'seq', string.format('%.0f', seq), 'run_seq', string.format('%.0f', runSeq))
    else
      redis.call('HSET', metaKey, 'seq', string.format('%.0f', seq))
    end
    redis.call(PUBLISH, streamKey, lines and table.concat(lines, '\n') or published)
  end
  return entryId
end
