-- isNewerEntry(one, other) -> true where entry id `one` comes after `other`
local function isNewerEntry(one, other)
  local ms, seq = string.match(one, '^(%d+)-(%d+)$')
  local otherMs, otherSeq = string.match(other, '^(%d+)-(%d+)$')
  if tonumber(ms) ~= tonumber(otherMs) then
    return tonumber(ms) > tonumber(otherMs)
  end
  return tonumber(seq) > tonumber(otherSeq)
end
