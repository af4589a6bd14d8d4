-- eventsGiven(at) -> the payloads that the arguments give: their number stands at ARGV[at], they follow it
local function eventsGiven(at)
  local payloads = {}
  for i = 1, tonumber(ARGV[at]) do
    payloads[i] = ARGV[at + i]
  end
  return payloads
end
