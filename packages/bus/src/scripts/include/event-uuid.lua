-- uuidPrefix(epoch) -> with seq as 12 hexadecimal digits behind it, the UUID of an event, as `positionOfEventUuid` reads it
local function uuidPrefix(epoch)
  local hex = string.format('%012x', tonumber(epoch))
  return string.sub(hex, 1, 8) .. '-' .. string.sub(hex, 9, 12) .. '-8000-8000-'
end
