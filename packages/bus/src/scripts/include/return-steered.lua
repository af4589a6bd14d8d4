-- returnSteered(steerKey, inboxKey)
-- What was to be steered into a run that takes no further step waits again, at the head of the inbox and in its order:
-- it becomes the next turn. For every script that ends the conversation's active run or makes its end certain.
local function returnSteered(steerKey, inboxKey)
  while redis.call('LMOVE', steerKey, inboxKey, 'RIGHT', 'LEFT') do
  end
end
