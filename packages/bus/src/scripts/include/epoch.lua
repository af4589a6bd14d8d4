-- epochOf(metaKey, epoch, lineage) -> the epoch to write under; `epoch` and `lineage` as they stand in meta, false if absent
-- LINEAGE, a constant of this text, names the history that this server's data is a part of: it is another one after a
-- failover, which may have lost the last writes. Then a number that was given out may be free again, so the epoch rises
-- before anything is written: neither an event's id nor a fence is ever used twice for different things.
-- A log is of one epoch: what it holds gets the new one too, each event with the seq that it had.
-- @include event-uuid
local function renumber(streamKey, old, fresh)
  local newest = redis.call('XREVRANGE', streamKey, '+', '-', 'COUNT', 1)[1]
  local from, was, is = '-', tonumber(old), tonumber(fresh)
  while newest do
    local page = redis.call('XRANGE', streamKey, from, newest[1], 'COUNT', 500)
    for _, entry in ipairs(page) do
      local seq, fields = string.match(entry[1], '%d+$'), entry[2]
      -- A message's id is its own.
      if fields[2] == eventUuid(was, tonumber(seq)) then
        fields[2] = eventUuid(is, tonumber(seq))
      end
      redis.call('XADD', streamKey, fresh .. '-' .. seq, unpack(fields))
    end
    if #page < 500 then
      break
    end
    from = '(' .. page[#page][1]
  end
  redis.call('XTRIM', streamKey, 'MINID', '=', fresh .. '-0')
end
local function nextEpoch(metaKey, epoch)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  if epoch and now <= tonumber(epoch) then
    now = tonumber(epoch) + 1
  end
  local fresh = string.format('%.0f', now)
  if epoch then
    renumber(string.match(metaKey, '^{(.+)}'), epoch, fresh)
  end
  redis.call('HSET', metaKey, 'epoch', fresh, 'lineage', LINEAGE)
  return fresh
end
local function epochOf(metaKey, epoch, lineage)
  if epoch and lineage == LINEAGE then
    return epoch
  end
  if epoch and not lineage then
    redis.call('HSET', metaKey, 'lineage', LINEAGE)
    return epoch
  end
  return nextEpoch(metaKey, epoch)
end
