-- writeEvents(streamKey, metaKey, head, payloads, from, to, ids, runSeq) -> entry id of the last event, or nothing where there is none
-- `head` is meta's epoch, seq and lineage; the events are payloads[from] to payloads[to]; `runSeq` is the active run's sequence
-- after them, where its owner appends.
-- The one place that writes an event log. Entry ids are <epoch>-<seq>, seq contiguous from 1; an event's UUID is minted
-- from both unless ids[i] gives one. The same bytes are published on a channel named like the stream, in the same call,
-- so log and live delivery cannot disagree. All checks must stand before: Redis does not roll a script back.
-- Most often it is one event, thousands of times in a second: each string made here is one more that Lua looks up and clears away.
-- @include epoch
local function writeEvents(streamKey, metaKey, head, payloads, from, to, ids, runSeq)
  local epoch, seq = epochOf(metaKey, head[1], head[3]), tonumber(head[2] or '0')
  local number, entryId, published = tonumber(epoch), nil, nil
  local lines = to > from and {}
  for i = from, to do
    seq = seq + 1
    entryId = string.format('%s-%d', epoch, seq)
    redis.call('XADD', streamKey, entryId, 'id', ids and ids[i] or eventUuid(number, seq), 'payload', payloads[i])
    published = entryId .. ' ' .. payloads[i]
    if lines then
      lines[#lines + 1] = published
    end
  end
  if entryId then
    if runSeq then
      redis.call('HSET', metaKey, 'seq', string.format('%d', seq), 'run_seq', string.format('%d', runSeq))
    else
      redis.call('HSET', metaKey, 'seq', string.format('%d', seq))
    end
    redis.call(PUBLISH, streamKey, lines and table.concat(lines, '\n') or published)
  end
  return entryId
end
-- appendEvents(streamKey, metaKey, payloads, ids) -> the same, for who is no owner
local function appendEvents(streamKey, metaKey, payloads, ids)
  local head = redis.call('HMGET', metaKey, 'epoch', 'seq', 'lineage')
  return writeEvents(streamKey, metaKey, head, payloads, 1, #payloads, ids)
end
