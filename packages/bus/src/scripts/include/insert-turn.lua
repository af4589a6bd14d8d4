-- insertTurn(historyKey, turn, records, hasWaited)
-- Adds a turn's records to the history. A turn that is cancelled while it waits is recorded before those that were accepted
-- before it have ended: such records name their turn, and stay behind every earlier one that ends later.
local function turnOf(record)
  return tonumber(record and string.match(record, '^{"turn":(%d+),') or nil)
end
local function insertTurn(historyKey, turn, records, hasWaited)
  turn = tonumber(turn)
  local later = {}
  while turn and (turnOf(redis.call('LINDEX', historyKey, -1)) or 0) > turn do
    later[#later + 1] = redis.call('RPOP', historyKey)
  end
  for _, record in ipairs(records) do
    redis.call('RPUSH', historyKey, hasWaited and '{"turn":' .. turn .. ',' .. string.sub(record, 2) or record)
  end
  for i = #later, 1, -1 do
    redis.call('RPUSH', historyKey, later[i])
  end
end
