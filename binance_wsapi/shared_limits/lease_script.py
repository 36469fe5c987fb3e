"""The script that Redis runs to lease parts of the windows, whole or not at all.

For each window of a book stands a hash: by member what it holds, what it holds besides for what is urgent, what it has
sent, and what of that is known to be handled; ``O`` and ``D`` are the latter two of those who left, and ``F`` is what
others use, who are no members: the count that the exchange told, less what all members had handled. What is used is the
sum of what the living hold, of what the dead and those who left had sent, and of ``F``.

Half of a window is promised to the busy members in equal parts; where there are more of them than parts, they take
turns from window to window. So do those of whom a request waits that weighs more than such a part: the whole of it is
promised to whose turn it is among the busy ones, and to as many after it as half of the window has room for. The rest
goes to who asks first, in parts that grow smaller as less is left.

The server's clock counts for nothing: it may jump, and so may that of the server that takes its place. A book has a
time of its own, that passes as its members measure it: each says how long ago, by its monotonic clock, it was
answered, and by what call. Since that call at least so much time went by. Who called later is stamped anew then, so
nobody is taken to be silent for longer than it is. For the same reason nothing expires while members live: what is
over by the book's time is deleted, and who leaves last has the rest expire after a month.

A server that lost everything, or was away, knows neither what the living hold nor what the dead have used. Until
those whom a returning member knew have said so, or would be dead, nobody gets more than it holds, and no sooner than
the exchange's counts have told the rest. Where nobody knows of others, a book that is new gives one part in 8 to
each who comes for as long.
"""

from __future__ import annotations

from hashlib import sha1

__all__ = ["BOOK_KEYS", "LEASE", "LEASE_SHA"]

BOOK_KEYS = ("state", "members", "open")
"""The keys of a book, before those of its windows."""

LEASE = """
local id, ttl, expected, is_back = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local need, is_last, new_life, life = tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7], ARGV[8]
local since_call, since, passed = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local is_busy = need > 0

local function pairs_of(key)
    local row, found = redis.call('HGETALL', key), {}
    for i = 1, #row, 2 do found[row[i]] = row[i + 1] end
    return found
end

local state = pairs_of(KEYS[1])
if not state.life then
    redis.call('DEL', KEYS[2])
    state = {life = new_life, call = 0, now = 0, known = 0, known_call = 0, known_at = 0}
end
for name, value in pairs(state) do
    if name ~= 'life' then state[name] = tonumber(value) end
end

-- A call that this server does not know any more measures nothing.
local passes = life == state.life and since_call <= state.call and since + passed > state.now
if passes then
    state.now = since + passed
    if state.known_call > since_call then state.known_at = state.now end
end
state.call = state.call + 1
local living, members, rank, order, needs = {[id] = true}, 1, 0, {id}, {[id] = math.max(1, need)}
local stamped, dead = {id, state.now .. ' ' .. state.call .. ' ' .. need}, {}
for member, text in pairs(pairs_of(KEYS[2])) do
    if member ~= id then
        local at, call, its_need = string.match(text, '^(%S+) (%S+) (%S+)$')
        at = tonumber(at)
        -- A tenth of a second is nothing of what it is alive for, but would have all stamped each time.
        if passes and tonumber(call) > since_call and at < state.now - 100 then
            at = state.now
            table.insert(stamped, member)
            table.insert(stamped, at .. ' ' .. call .. ' ' .. its_need)
        end
        if at > state.now - ttl then
            living[member] = true
            members = members + 1
            if member < id then rank = rank + 1 end
            -- The busy ones are so in a window, too, for which they have not asked yet.
            if its_need ~= '0' then
                table.insert(order, member)
                needs[member] = tonumber(its_need)
            end
        else
            table.insert(dead, member)
        end
    end
end
table.sort(order)
for _, member in ipairs(dead) do redis.call('HDEL', KEYS[2], member) end
for at = 1, #stamped, 1000 do
    redis.call('HSET', KEYS[2], unpack(stamped, at, math.min(at + 999, #stamped)))
end

-- Who knows how many there were before the server was away, or forgot it, knows that they come back, too.
local is_new = state.now < ttl
if state.now - state.known_at > ttl + 1000 then state.known = 0 end
if expected > members and expected > state.known and (is_back or is_new) then
    state.known, state.known_call, state.known_at = expected, state.call, state.now
end

local function promises(allowed, index)
    local parts, promised, whole = 2 * #order, {}, 0
    for step = 1, #order do
        local member = order[(step + index) % #order + 1]
        local wanted = math.min(needs[member], allowed)
        local is_promised = step == 1 or whole + wanted <= allowed / 2
        if wanted > 1 and wanted > allowed / parts and is_promised then
            promised[member] = wanted
            whole = whole + wanted
        end
    end
    local rest = allowed - whole
    for at, member in ipairs(order) do
        local part = (at + index) % parts
        promised[member] = promised[member]
            or math.floor(rest * (part + 1) / parts) - math.floor(rest * part / parts)
    end
    return promised
end

local is_settling = state.known > members or is_new
local reply = {members, is_settling and 1 or 0, rank, state.life, state.call, state.now}
for window = 4, #KEYS do
    local key, at = KEYS[window], 11 + (window - 4) * 11
    local index, limit, allowed = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local held, spare, own, done = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), ARGV[at + 6], ARGV[at + 7]
    local wanted, most, least = tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9]), tonumber(ARGV[at + 10])
    local lasts = tonumber(ARGV[at + 11])
    local all = pairs_of(key)
    local foreign = tonumber(all.F or '0')
    if most then foreign = math.min(foreign, most) end
    if least then foreign = math.max(foreign, least) end
    local used, handled, spared = foreign + held + tonumber(all.O or '0'), done + tonumber(all.D or '0'), 0
    all.F, all.O, all.D, all[id] = nil, nil, nil, nil
    local promised, kept_back = promises(allowed, index), 0
    for member, text in pairs(all) do
        local its_held, its_spare, its_own, its_done = string.match(text, '^(%S+) (%S+) (%S+) (%S+)$')
        handled = handled + its_done
        if living[member] then
            used = used + its_held
            spared = spared + its_spare
            if promised[member] then promised[member] = promised[member] - its_held end
        else
            used = used + its_own
        end
    end
    for _, member in ipairs(order) do
        if member ~= id then kept_back = kept_back + math.max(0, promised[member]) end
    end
    local left, granted = allowed - math.max(0, used), 0
    if wanted > 0 then
        granted = math.min(math.max(wanted, math.floor(left / (2 * #order))), left - kept_back)
        granted = math.max(granted, promised[id] - held)
    elseif not is_busy then
        -- A little, so that an idle member can begin at once, where there is enough for all.
        local little = math.floor(allowed / (50 * members))
        if allowed >= 4 * members then little = math.max(1, little) end
        granted = math.min(little - held, left - kept_back)
    end
    local urgent = math.floor((limit - allowed) / math.max(8, members))
    if is_settling then
        granted = state.known > 0 and 0 or math.min(granted, math.floor(allowed / 8) - held)
        if state.known > 0 then urgent = math.min(urgent, spare) end
    end
    granted = math.max(0, math.min(granted, left))
    used = math.max(0, used) + granted
    urgent = math.max(0, math.min(urgent, limit - used - spared))
    if is_last then
        redis.call('HDEL', key, id)
        redis.call('HINCRBY', key, 'O', own)
        redis.call('HINCRBY', key, 'D', done)
        redis.call('HSET', key, 'F', foreign)
    else
        local text = held + granted .. ' ' .. urgent .. ' ' .. own .. ' ' .. done
        redis.call('HSET', key, id, text, 'F', foreign)
    end
    redis.call('ZADD', KEYS[3], state.now + lasts * 1000, key)
    reply[window + 3] = {held + granted, urgent, handled, used}
end

for _, over in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', state.now)) do
    redis.call('DEL', over)
    redis.call('ZREM', KEYS[3], over)
end
redis.call('HSET', KEYS[1], 'life', state.life, 'call', state.call, 'now', state.now, 'known', state.known,
    'known_call', state.known_call, 'known_at', state.known_at)
if is_last then redis.call('HDEL', KEYS[2], id) end
local kept = redis.call('ZRANGE', KEYS[3], 0, -1)
for at = 1, 3 do table.insert(kept, KEYS[at]) end
for _, key in ipairs(kept) do
    if is_last and members == 1 then
        redis.call('EXPIRE', key, 30 * 86400)
    else
        redis.call('PERSIST', key)
    end
end
return reply
"""

LEASE_SHA = sha1(LEASE.encode(), usedforsecurity=False).hexdigest()
"""By which a server knows it that has run it."""
