-- HTTP capture for an Envoy sidecar: copies headers and bodies to dynamic metadata; the access log writes them, one line
-- a stream (docs/record.md). It never buffers (bodyChunks) and never changes traffic. A script error loses that capture,
-- not the request. Requests that a replay marked (X-Replay-Test) are never captured.
local MAX_BODY   = tonumber(os.getenv("CAPTURE_MAX_BODY") or "") or 65536   -- bytes kept per direction
local SAMPLE_PPM = tonumber(os.getenv("CAPTURE_SAMPLE_PPM") or "") or 1000000
local HMAC_KEY   = os.getenv("CAPTURE_HMAC_KEY") or ""                      -- empty: no session id is derived
do                                                                          -- a mounted secret wins; read once, at load
  local f = os.getenv("CAPTURE_HMAC_KEY_FILE"); f = f and io.open(f, "rb")
  if f then HMAC_KEY = f:read("*a"):gsub("%s+$", ""); f:close() end
end
local SKIP_UA    = os.getenv("CAPTURE_SKIP_UA") or "kube-probe/"            -- user agents that are not users
local MAX_PARTS, COALESCE = 64, 2048  -- after MAX_PARTS parts, join chunks into >= COALESCE byte parts
-- The LuaJIT compiler is a net loss here (measured: about a third of the script's cost), because traces abort at C calls.
jit.off()
local bit = require("bit")
local band, bor, bxor, bnot = bit.band, bit.bor, bit.bxor, bit.bnot
local rshift, lshift, ror, tobit = bit.rshift, bit.lshift, bit.ror, bit.tobit

local function set_of(s) local t = {} for w in s:gmatch("%S+") do t[w] = true end return t end
-- the value is never written; only its length
local DROP = set_of("cookie cookie2 set-cookie set-cookie2 x-auth x-forwarded-client-cert x-functions-key x-github-otp x-otp")
local DROP_PART = { "access-key", "access_key", "accesskey", "api-key", "api_key", "apikey", "auth-key", "auth_key", "authkey",
  "authorization", "credential", "csrf", "jwt", "passphrase", "passw", "private-key", "private_key", "privatekey", "pwd",
  "secret", "session", "subscription-key", "subscription_key", "subscriptionkey", "token", "xsrf" }
local QS_DROP = { "auth", "code", "credential", "csrf", "jwt", "key", "otp", "passphrase", "passw", "pwd", "secret", "session", "sig",
  "token", "xsrf" }
local SESSION_COOKIE  = os.getenv("CAPTURE_SESSION_COOKIE") or "sessionid"  -- this cookie's value names the session;
local SESSION_HEADERS = { "authorization", "x-api-key", "cookie" }          -- else the first of these that is present
-- paths whose bodies hold credentials; request and response bodies are skipped (Lua patterns, space separated)
local SKIP_PATHS = {}
for w in (os.getenv("CAPTURE_SKIP_BODY_PATHS") or "/login /signin /signup /oauth /token /password"):gmatch("%S+") do
  SKIP_PATHS[#SKIP_PATHS + 1] = w
end
local SKIP_CT = { "^image/", "^video/", "^audio/", "^font/", "^application/zip", "^application/x%-tar", "^application/pdf" }

---- SHA-256 / HMAC (pure Lua; LuaJIT bit ops) ----
local K = {
0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2}
local W = {}
local function sha256(msg)
  local len = #msg
  msg = msg .. "\128" .. string.rep("\0", (55 - len) % 64) ..
    string.char(0, 0, 0, 0, band(rshift(len * 8, 24), 255), band(rshift(len * 8, 16), 255), band(rshift(len * 8, 8), 255), band(len * 8, 255))
  local a0,b0,c0,d0,e0,f0,g0,h0 = 0x6a09e667,0xbb67ae85,0x3c6ef372,0xa54ff53a,0x510e527f,0x9b05688c,0x1f83d9ab,0x5be0cd19
  for p = 1, #msg, 64 do
    for i = 1, 16 do
      local x, y, z, w = msg:byte(p + (i - 1) * 4, p + (i - 1) * 4 + 3)
      W[i] = bor(lshift(x, 24), lshift(y, 16), lshift(z, 8), w)
    end
    for i = 17, 64 do
      local v, u = W[i - 15], W[i - 2]
      W[i] = tobit(W[i - 16] + bxor(ror(v, 7), ror(v, 18), rshift(v, 3)) + W[i - 7] + bxor(ror(u, 17), ror(u, 19), rshift(u, 10)))
    end
    local a,b,c,d,e,f,g,h = a0,b0,c0,d0,e0,f0,g0,h0
    for i = 1, 64 do
      local t1 = tobit(h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + bxor(band(e, f), band(bnot(e), g)) + K[i] + W[i])
      local t2 = tobit(bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + bxor(band(a, b), band(a, c), band(b, c)))
      h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + t2)
    end
    a0,b0,c0,d0,e0,f0,g0,h0 = tobit(a0+a),tobit(b0+b),tobit(c0+c),tobit(d0+d),tobit(e0+e),tobit(f0+f),tobit(g0+g),tobit(h0+h)
  end
  local o = {}
  for i, v in ipairs({ a0,b0,c0,d0,e0,f0,g0,h0 }) do
    o[i] = string.char(band(rshift(v, 24), 255), band(rshift(v, 16), 255), band(rshift(v, 8), 255), band(v, 255))
  end
  return table.concat(o)
end
local IPAD, OPAD = "", ""
if HMAC_KEY ~= "" then
  local k = #HMAC_KEY > 64 and sha256(HMAC_KEY) or HMAC_KEY
  k = k .. string.rep("\0", 64 - #k)
  IPAD = k:gsub(".", function(c) return string.char(bxor(c:byte(), 0x36)) end)
  OPAD = k:gsub(".", function(c) return string.char(bxor(c:byte(), 0x5c)) end)
end
local function hmac16(s)  -- first 16 bytes, hex
  local d = sha256(OPAD .. sha256(IPAD .. s))
  return (d:sub(1, 16):gsub(".", function(c) return string.format("%02x", c:byte()) end))
end

---- helpers ----
local function any(s, list) for i = 1, #list do if s:find(list[i], 1, true) then return true end end return false end
local function memo(f, max)            -- bounded cache, so that hostile names or tokens cannot grow it
  local t, n = {}, 0
  return function(k)
    local v = t[k]
    if v == nil then
      if n >= max then t, n = {}, 0 end
      v = f(k); t[k] = v; n = n + 1
    end
    return v
  end
end
local URL_HEADER = set_of("referer location content-location x-envoy-original-path")
-- 0 keep, 1 drop value, 2 holds a URL, 3 pseudo-header (own field)
local kind = memo(function(k)
  if k:byte(1) == 58 then return 3 end
  if DROP[k] or any(k, DROP_PART) then return 1 end
  return URL_HEADER[k] and 2 or 0
end, 2000)
local qs_drop = memo(function(k) return any(k:lower(), QS_DROP) end, 2000)
local sid_of = memo(hmac16, 2000)
local function safe_path(p)
  local q = p:find("?", 1, true)
  if not q then return p end
  return p:sub(1, q) .. p:sub(q + 1):gsub("([^&;=#]+)=([^&;#]*)", function(k, v)
    if qs_drop(k) then return k .. "=[redacted:" .. #v .. "]" end
  end)
end
-- "name: value" lines; order and duplicates are kept. A header cannot hold a line break.
local function header_block(headers)
  local out, n = {}, 0
  for k, v in pairs(headers) do
    local d = kind(k)
    if d ~= 3 then
      if d == 1 then v = "[redacted:" .. #v .. "]" elseif d == 2 then v = safe_path(v) end
      n = n + 1
      out[n] = k .. ": " .. v
    end
  end
  return table.concat(out, "\n")
end
local function fnv(s)
  local h = 0x811c9dc5
  for i = 1, #s do h = bxor(h, s:byte(i)); h = tobit(lshift(h,24) + lshift(h,8) + lshift(h,7) + lshift(h,4) + lshift(h,1) + h) end
  return h % 1000000
end
local skip_ct = memo(function(ct)
  ct = ct:lower()
  for i = 1, #SKIP_CT do if ct:find(SKIP_CT[i]) then return true end end
  return false
end, 500)

local COOKIE_NAME = SESSION_COOKIE:gsub("%p", "%%%0")
local COOKIE_PAT, SETCOOKIE_PAT = "[;,] ?" .. COOKIE_NAME .. "=([^;,]*)", "^" .. COOKIE_NAME .. "=([^;]*)"

-- Handles die at every yield, so the metadata object is fetched anew for each write.
local function put(h, ns, k, v) h:streamInfo():dynamicMetadata():set(ns, k, v) end

local function capture(h, hd, ns, t, skip)
  local block = header_block(hd)
  -- bytes above 127 would be re-coded by the JSON writer: send such a block as base64
  if block:find("[\128-\255]") then t.headers_b64 = h:base64Escape(block) else t.headers = block end
  local ct = hd:get("content-type")
  t.skipped = skip or (ct and skip_ct(ct) and "content-type") or nil
  put(h, "cap", ns, t)
  if t.skipped then return end
  local bns = "cap." .. ns
  local kept, parts, pend, pendn = 0, 0, {}, 0
  for chunk in h:bodyChunks() do
    local len = chunk:length()
    if len > 0 and kept < MAX_BODY then
      local take = math.min(len, MAX_BODY - kept)
      kept = kept + take
      pend[#pend + 1] = chunk:getBytes(0, take); pendn = pendn + take
      if parts < MAX_PARTS or pendn >= COALESCE or kept >= MAX_BODY then
        parts = parts + 1
        put(h, bns, string.format("%05d", parts), h:base64Escape(table.concat(pend)))
        pend, pendn = {}, 0
      end
    end
  end
  if pendn > 0 then put(h, bns, string.format("%05d", parts + 1), h:base64Escape(table.concat(pend))) end
  local tr = h:trailers()
  if tr then put(h, "cap.tr", ns, header_block(tr)) end
end

function envoy_on_request(h)
  local hd = h:headers()
  if hd:get("x-replay-test") then return end
  local ua = hd:get("user-agent")
  if ua and ua:find(SKIP_UA, 1, true) == 1 then return end
  local key = hd:get("cookie")
  key = key and ("; " .. key):match(COOKIE_PAT)
  if not key then for i = 1, #SESSION_HEADERS do key = hd:get(SESSION_HEADERS[i]); if key then break end end end
  if SAMPLE_PPM < 1000000 then    -- by session, so a kept session is whole; without one, by client address
    local who = key or hd:get("x-forwarded-for") or h:streamInfo():downstreamDirectRemoteAddress():gsub(":%d+$", "")
    if fnv(who) >= SAMPLE_PPM then return end
  end
  local raw = hd:get(":path") or ""
  local t = { path = safe_path(raw) }
  if key and HMAC_KEY ~= "" then t.sid = sid_of(key) end
  local skip, bare = nil, raw:match("^[^?]*"):lower()
  for i = 1, #SKIP_PATHS do if bare:find(SKIP_PATHS[i]) then skip = "path" break end end
  put(h, "cap.on", "on", true)
  if skip then put(h, "cap.on", "skip", skip) end
  capture(h, hd, "req", t, skip)
end

function envoy_on_response(h)
  local on = h:streamInfo():dynamicMetadata():get("cap.on")
  if not on then return end
  local hd, t = h:headers(), {}
  if HMAC_KEY ~= "" then          -- a login answer: the session id that the next requests will carry
    for i = 0, hd:getNumValues("set-cookie") - 1 do
      local v = hd:getAtIndex("set-cookie", i):match(SETCOOKIE_PAT)
      if v and v ~= "" then t.sid_set = sid_of(v) end
    end
  end
  capture(h, hd, "resp", t, on.skip)
end
