"""Envoy's configuration of the four listeners, as the JSON form of its protocol buffers."""

from .ports import (
    AUTHORIZATION,
    CHAIN,
    HTTP,
    HTTPS,
    ORIGIN,
    SECURITY_HEADERS,
    STREAM,
    STREAM_ORIGIN,
)

_TYPES = "type.googleapis.com/envoy.extensions"


def envoy_config(folder, port):
    return {
        "static_resources": {
            "listeners": [
                _listener(port + HTTP, [_route("origin")]),
                _listener(port + HTTPS, [_route("origin")], tls_folder=folder),
                _listener(port + CHAIN, _guarded_routes()),
                _listener(port + STREAM, [_route("streams")]),
            ],
            "clusters": [_cluster("origin", ORIGIN), _cluster("streams", STREAM_ORIGIN)],
        }
    }


def _route(cluster):
    return {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s"}}


def _guarded_routes():
    token = {"name": "authorization", "string_match": {"exact": AUTHORIZATION}}
    allowed = {
        "match": {"prefix": "/v1/", "headers": [token]},
        "route": {"cluster": "origin", "timeout": "0s"},
        "request_headers_to_add": [{"header": {"key": "X-User-ID", "value": "user1"}}],
        "response_headers_to_add": [
            {"header": {"key": k, "value": v}} for k, v in SECURITY_HEADERS
        ],
        "response_headers_to_remove": ["server"],
    }
    refused = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 401, "body": {"inline_string": "Unauthorized"}},
    }
    return [allowed, refused]


def _listener(port, routes, tls_folder=None):
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"p{port}",
        "use_remote_address": True,
        "stream_idle_timeout": "0s",
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"},
            }
        ],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    if tls_folder:
        chain["transport_socket"] = {"name": "tls", "typed_config": _downstream_tls(tls_folder)}
    return {
        "name": f"l{port}",
        "filter_chains": [chain],
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
    }


def _downstream_tls(folder):
    certificate = {
        "certificate_chain": {"filename": f"{folder}/cert.pem"},
        "private_key": {"filename": f"{folder}/key.pem"},
    }
    return {
        "@type": f"{_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
        "disable_stateless_session_resumption": True,
        "disable_stateful_session_resumption": True,
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [certificate],
        },
    }


def _cluster(name, port):
    many = {"max_connections": 20000, "max_pending_requests": 20000, "max_requests": 20000}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "connect_timeout": "5s",
        "type": "STATIC",
        "circuit_breakers": {"thresholds": [many]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
