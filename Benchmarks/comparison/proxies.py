"""The same four listeners in each proxy's own language: plain, TLS, token and headers, streams."""

import json
import os
import pathlib

from .envoy import envoy_config
from .ports import (
    AUTHORIZATION,
    CHAIN,
    HTTP,
    HTTPS,
    ORIGIN,
    PORTS,
    REPLY,
    SECURITY_HEADERS,
    STREAM,
    STREAM_ORIGIN,
)

BIG_FILE_BYTES = 64 << 20


def write_configs(folder):
    """Writes every configuration and the large file of the origin into `folder`."""
    folder = pathlib.Path(folder)
    (folder / "nginx.conf").write_text(_nginx(folder, PORTS["nginx"]))
    (folder / "haproxy.cfg").write_text(_haproxy(folder, PORTS["haproxy"]))
    (folder / "envoy.json").write_text(json.dumps(envoy_config(folder, PORTS["envoy"])))
    for name in ("caddy", "ours"):
        (folder / f"{name}.caddyfile").write_text(_caddyfile(folder, PORTS[name]))
    (folder / "origin.conf").write_text(_origin(folder))
    (folder / "www").mkdir()
    (folder / "www/big").write_bytes(os.urandom(1 << 20) * (BIG_FILE_BYTES >> 20))


def commands(folder):
    """The command line of each proxy."""
    return {
        "floor": [f"{folder}/pump", str(PORTS["floor"]), str(ORIGIN)],
        "nginx": ["nginx", "-c", f"{folder}/nginx.conf"],
        "haproxy": ["haproxy", "-f", f"{folder}/haproxy.cfg", "-db"],
        "envoy": [
            "envoy",
            "-c",
            f"{folder}/envoy.json",
            "--concurrency",
            "1",
            "--log-level",
            "warn",
            "--disable-hot-restart",
        ],
        "caddy": [
            "caddy",
            "run",
            "--config",
            f"{folder}/caddy.caddyfile",
            "--adapter",
            "caddyfile",
        ],
    }


def _nginx_frame(folder, name, body):
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{name}-{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;
events {{ worker_connections 9500; }}
http {{
  access_log off; sendfile on; client_max_body_size 0; keepalive_requests 100000000; keepalive_timeout 3600s;
  {temporary}
{body}
}}
"""


def _nginx(folder, port):
    forward = """proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host; proxy_buffering off; proxy_request_buffering off;"""
    headers = " ".join(f'add_header {name} "{value}";' for name, value in SECURITY_HEADERS)
    return _nginx_frame(
        folder,
        "nginx",
        f"""
  upstream origin {{ server 127.0.0.1:{ORIGIN}; keepalive 512; keepalive_requests 100000000; }}
  upstream streams {{ server 127.0.0.1:{STREAM_ORIGIN}; keepalive 512; }}
  server {{ listen 127.0.0.1:{port + HTTP} backlog=4096; location / {{ proxy_pass http://origin; {forward} }} }}
  server {{
    listen 127.0.0.1:{port + HTTPS} ssl http2 backlog=4096;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    ssl_session_tickets off; ssl_session_cache off;
    location / {{ proxy_pass http://origin; {forward} }}
  }}
  server {{
    listen 127.0.0.1:{port + CHAIN} backlog=4096;
    location /v1/ {{
      if ($http_authorization != "{AUTHORIZATION}") {{ return 401 "Unauthorized"; }}
      {headers} proxy_hide_header Server; proxy_set_header X-User-ID user1;
      proxy_pass http://origin; {forward}
    }}
  }}
  server {{ listen 127.0.0.1:{port + STREAM} backlog=4096; location / {{ proxy_pass http://streams; {forward} }} }}""",
    )


def _origin(folder):
    return _nginx_frame(
        folder,
        "origin",
        f"""
  server {{
    listen 127.0.0.1:{ORIGIN} backlog=4096;
    location /big {{ root {folder}/www; }}
    location / {{ default_type application/json; return 200 '{REPLY}'; }}
  }}""",
    )


def _haproxy(folder, port):
    headers = "\n".join(
        f'  http-response set-header {name} "{value}"' for name, value in SECURITY_HEADERS
    )
    return f"""global
  nbthread 1
  maxconn 9000
  tune.ssl.default-dh-param 2048
  ssl-default-bind-options no-tls-tickets
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  option http-keep-alive
  option http-no-delay
  http-reuse always
  option forwardfor
frontend plain
  bind 127.0.0.1:{port + HTTP}
  http-request set-header X-Forwarded-Proto http
  default_backend origin
frontend tls
  bind 127.0.0.1:{port + HTTPS} ssl crt {folder}/both.pem alpn h2,http/1.1
  http-request set-header X-Forwarded-Proto https
  default_backend origin
frontend chain
  bind 127.0.0.1:{port + CHAIN}
  http-request deny deny_status 401 unless {{ path_beg /v1/ }} {{ req.hdr(authorization) -m str "{AUTHORIZATION}" }}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-User-ID user1
{headers}
  http-response del-header Server
  default_backend origin
frontend stream
  bind 127.0.0.1:{port + STREAM}
  default_backend streams
backend origin
  server s 127.0.0.1:{ORIGIN} pool-max-conn 2000
backend streams
  server s 127.0.0.1:{STREAM_ORIGIN} pool-max-conn 2000
"""


def _caddyfile(folder, port):
    """What Caddy and the gateway read."""
    headers = "\n".join(f'\t\t{name} "{value}"' for name, value in SECURITY_HEADERS)
    return f"""{{
	admin off
	auto_https off
}}
http://127.0.0.1:{port + HTTP} {{
	reverse_proxy 127.0.0.1:{ORIGIN} {{
		flush_interval -1
	}}
}}
https://127.0.0.1:{port + HTTPS} {{
	tls {folder}/cert.pem {folder}/key.pem
	reverse_proxy 127.0.0.1:{ORIGIN} {{
		flush_interval -1
	}}
}}
http://127.0.0.1:{port + CHAIN} {{
	@valid_token {{
		path /v1/*
		header Authorization "{AUTHORIZATION}"
	}}
	handle @valid_token {{
		reverse_proxy 127.0.0.1:{ORIGIN} {{
			flush_interval -1
			header_up X-User-ID "user1"
		}}
	}}
	handle {{
		respond "Unauthorized" 401
	}}
	header {{
		-Server
{headers}
	}}
}}
http://127.0.0.1:{port + STREAM} {{
	reverse_proxy 127.0.0.1:{STREAM_ORIGIN} {{
		flush_interval -1
	}}
}}
"""
