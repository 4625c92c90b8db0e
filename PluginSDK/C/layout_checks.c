// Sizes and offsets of ABI v1 on 64-bit targets, checked by every compiler that builds the headers.
// A change here is a change of the ABI: members are only ever added at the end of a table.
#include "gateway/ext/discovery.h"
#include "gateway/gateway.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define AT(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member)

SIZE(gw_view, 16);
SIZE(gw_ref, 8);
SIZE(gw_field, 20);


SIZE(gw_diag, 56);
SIZE(gw_boot, 64);
SIZE(gw_plugin, 80);
SIZE(gw_instance_ops, 56);
SIZE(gw_directive, 72);
SIZE(gw_module, 80);
SIZE(gw_fields, 32);
SIZE(gw_req, 144);
SIZE(gw_res, 56);
SIZE(gw_chunk, 32);
SIZE(gw_failure, 40);
SIZE(gw_error, 40);
SIZE(gw_summary, 48);
SIZE(gw_matcher_ops, 16);
SIZE(gw_placeholder_ops, 24);
SIZE(gw_http_handler_ops, 120);
SIZE(gw_log_field, 56);
SIZE(gw_host_core, 88);
SIZE(gw_host_http, 224);
SIZE(gw_host_loop, 64);
SIZE(gw_host_work, 16);
SIZE(gw_pool_spec, 144);
SIZE(gw_attach, 48);
SIZE(gw_pool_info, 16);
SIZE(gw_host_upstream, 56);
SIZE(gw_client_ops, 32);
SIZE(gw_client_call, 112);
SIZE(gw_host_client, 24);
SIZE(gw_json_value, 48);
SIZE(gw_host_json, 40);
SIZE(gw_host_regex, 40);
SIZE(gw_host_crypto, 40);
SIZE(gw_host_service, 24);
SIZE(gw_token, 32);
SIZE(gw_directive_call, 48);
SIZE(gw_host_adapt, 64);
AT(gw_field, flags, 2);
AT(gw_field, name, 4);
AT(gw_field, value, 12);
AT(gw_fields, fields_off, 12);
AT(gw_fields, count, 16);
AT(gw_fields, owner, 24);
AT(gw_req, method, 40);
AT(gw_req, path, 64);
AT(gw_req, host, 80);
AT(gw_req, client_ip, 96);
AT(gw_req, method_id, 108);
AT(gw_req, flags, 112);
AT(gw_req, body_length, 120);
AT(gw_req, id, 136);
AT(gw_res, status, 40);
AT(gw_res, body_length, 48);
AT(gw_http_handler_ops, on_response, 32);
AT(gw_http_handler_ops, on_complete, 80);
AT(gw_http_handler_ops, on_upstream_end, 104);
AT(gw_http_handler_ops, on_error, 112);
AT(gw_module, instance_ops, 40);
AT(gw_module, state_size, 68);
AT(gw_directive, parse, 64);
AT(gw_boot, iface, 48);
AT(gw_plugin, modules, 48);
AT(gw_plugin, fini, 72);
SIZE(gw_discovery_published, 24);
SIZE(gw_discovery_label, 32);
SIZE(gw_discovery_candidate, 280);
SIZE(gw_discovery_engine, 48);
SIZE(gw_discovery, 104);
AT(gw_discovery_candidate, addresses, 152);
AT(gw_discovery_candidate, labels, 264);
