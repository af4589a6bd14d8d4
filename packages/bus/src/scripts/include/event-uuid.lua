-- eventUuid(epoch, seq) -> the UUID of an event, of its numbers, as `positionOfEventUuid` reads it
local function eventUuid(epoch, seq)
  local low = epoch % 65536
  return string.format('%08x-%04x-8000-8000-%012x', (epoch - low) / 65536, low, seq)
end
