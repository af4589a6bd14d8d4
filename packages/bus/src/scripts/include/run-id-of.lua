-- runIdOf(runKey) -> the id that the key ends in
local function runIdOf(runKey)
  return string.sub(runKey, -36)
end
