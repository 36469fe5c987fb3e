"""The script that Redis runs to lease parts of the windows, whole or not at all.

For each window of a book stands a hash: ``g:ID`` is what a member holds, ``d:ID`` what of that is known to be handled,
``b:ID`` whether it is busy, and ``F`` what others use, who are no members: the count that the exchange told, less what all
members had handled. What is used is the sum of what the living hold, of what the dead had handled, and of ``F``.

Half of a window is promised to the busy members in equal parts. The rest goes to who asks first, in parts that
grow smaller as less is left.
"""

from __future__ import annotations

__all__ = ["LEASE", "LEASE_FIELDS"]

LEASE_FIELDS = 8
"""Arguments for each window."""

LEASE = """
local id, ttl, expected = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ttl, id)
redis.call('PEXPIRE', KEYS[1], ttl * 2)
local living, members = {}, 0
for _, each in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    living[each] = true
    members = members + 1
end
-- Who comes back after the server was away knows how many there were: the others come back, too.
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
if expected > members and expected > known then
    redis.call('SET', KEYS[2], expected, 'PX', ttl)
    known = expected
end
local missing = math.max(0, known - members)
local reply = {members}
for window = 1, #KEYS - 2 do
    local key, at = KEYS[window + 2], 3 + (window - 1) * 8
    local allowed, held, done = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local wanted, is_busy = tonumber(ARGV[at + 4]), ARGV[at + 5]
    local most, least, lasts = tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])
    redis.call('HSET', key, 'g:' .. id, held, 'd:' .. id, done, 'b:' .. id, is_busy)
    local row, all = redis.call('HGETALL', key), {}
    for i = 1, #row, 2 do all[row[i]] = row[i + 1] end
    local foreign = tonumber(all['F'] or '0')
    if most then foreign = math.min(foreign, most) end
    if least then foreign = math.max(foreign, least) end
    local used, handled, busy = foreign, 0, 1
    for name, value in pairs(all) do
        local kind, member = string.sub(name, 1, 2), string.sub(name, 3)
        if kind == 'd:' then
            handled = handled + tonumber(value)
            if not living[member] then used = used + tonumber(value) end
        elseif kind == 'g:' and living[member] then
            used = used + tonumber(value)
            if member ~= id and all['b:' .. member] == '1' then busy = busy + 1 end
        end
    end
    busy = busy + missing
    local share = math.floor(allowed / (2 * busy))
    local promised = 0
    if missing > 0 then promised = missing * math.floor(allowed / known) end
    local kept_back = promised
    for name, value in pairs(all) do
        local member = string.sub(name, 3)
        if string.sub(name, 1, 2) == 'g:' and member ~= id and living[member] and all['b:' .. member] == '1' then
            kept_back = kept_back + math.max(0, share - tonumber(value))
        end
    end
    local left, granted = allowed - math.max(0, used), 0
    if wanted > 0 then
        granted = math.min(math.max(wanted, math.floor(left / (2 * busy))), left - kept_back)
        granted = math.max(granted, math.min(share - held, left - promised))
    elseif is_busy == '0' then
        -- A little, so that an idle member can begin at once.
        granted = math.min(math.max(1, math.floor(allowed / (50 * members))) - held, left - kept_back)
    end
    granted = math.max(0, math.min(granted, left))
    redis.call('HSET', key, 'g:' .. id, held + granted, 'F', foreign)
    redis.call('EXPIRE', key, lasts)
    reply[window + 1] = {held + granted, handled, math.max(0, used) + granted}
end
return reply
"""
