"""Where everything listens, and the values that all configurations share."""

#: nginx with a fixed reply, and the streaming origin of ssebench.c.
ORIGIN, STREAM_ORIGIN = 18900, 18950

#: The first port of each proxy; its listeners are at the offsets below.
PORTS = {
    "floor": 18905,
    "nginx": 18910,
    "haproxy": 18920,
    "caddy": 18930,
    "ours": 18940,
    "envoy": 18960,
}
HTTP, HTTPS, CHAIN, STREAM = 0, 1, 2, 3

AUTHORIZATION = "Bearer sk-test-key"

SECURITY_HEADERS = (
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)

REPLY = (
    '{"id":"chatcmpl-1","object":"chat.completion","model":"local-chat","choices":[{"index":0,'
    '"message":{"role":"assistant","content":"hello there, this is a reply"}}]}'
)
