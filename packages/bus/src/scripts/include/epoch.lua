-- epochOf(metaKey, epoch, lineage) -> the epoch to write under; `epoch` and `lineage` as they stand in meta, false if absent
-- LINEAGE, a constant of this text, names the history that this server's data is a part of: it is another one after a
-- failover, which may have lost the last writes. Then a number that was given out may be free again, so the epoch rises
-- before anything is written: neither an event's id nor a fence is ever used twice for different things.
local function nextEpoch(metaKey, epoch)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  if epoch and now <= tonumber(epoch) then
    now = tonumber(epoch) + 1
  end
  local fresh = string.format('%.0f', now)
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
