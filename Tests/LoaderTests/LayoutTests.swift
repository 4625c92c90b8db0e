// The layouts of ABI v1 as Swift sees them: the same numbers as PluginSDK/C/layout_checks.c.
import CGateway
import Testing

@Suite("ABI layouts")
struct LayoutTests {
    @Test("Swift sees every table with the size that C gives it", arguments: sizes)
    func sizeIsTheSameInBothLanguages(_ layout: (name: String, swift: Int, header: Int)) {
        #expect(layout.swift == layout.header, "\(layout.name)")
    }

    static let sizes: [(name: String, swift: Int, header: Int)] = [
        ("gw_view", MemoryLayout<gw_view>.stride, 16),
        ("gw_ref", MemoryLayout<gw_ref>.stride, 8),
        ("gw_field", MemoryLayout<gw_field>.stride, 20),
        ("gw_diag", MemoryLayout<gw_diag>.stride, 56),
        ("gw_boot", MemoryLayout<gw_boot>.stride, 64),
        ("gw_plugin", MemoryLayout<gw_plugin>.stride, 80),
        ("gw_instance_ops", MemoryLayout<gw_instance_ops>.stride, 56),
        ("gw_directive", MemoryLayout<gw_directive>.stride, 72),
        ("gw_module", MemoryLayout<gw_module>.stride, 80),
        ("gw_fields", MemoryLayout<gw_fields>.stride, 32),
        ("gw_req", MemoryLayout<gw_req>.stride, 144),
        ("gw_res", MemoryLayout<gw_res>.stride, 56),
        ("gw_chunk", MemoryLayout<gw_chunk>.stride, 32),
        ("gw_failure", MemoryLayout<gw_failure>.stride, 40),
        ("gw_error", MemoryLayout<gw_error>.stride, 40),
        ("gw_summary", MemoryLayout<gw_summary>.stride, 48),
        ("gw_matcher_ops", MemoryLayout<gw_matcher_ops>.stride, 16),
        ("gw_placeholder_ops", MemoryLayout<gw_placeholder_ops>.stride, 24),
        ("gw_http_handler_ops", MemoryLayout<gw_http_handler_ops>.stride, 120),
        ("gw_log_field", MemoryLayout<gw_log_field>.stride, 56),
        ("gw_host_core", MemoryLayout<gw_host_core>.stride, 88),
        ("gw_host_http", MemoryLayout<gw_host_http>.stride, 224),
        ("gw_host_loop", MemoryLayout<gw_host_loop>.stride, 64),
        ("gw_host_work", MemoryLayout<gw_host_work>.stride, 16),
        ("gw_pool_spec", MemoryLayout<gw_pool_spec>.stride, 144),
        ("gw_attach", MemoryLayout<gw_attach>.stride, 48),
        ("gw_pool_info", MemoryLayout<gw_pool_info>.stride, 16),
        ("gw_host_upstream", MemoryLayout<gw_host_upstream>.stride, 56),
        ("gw_client_ops", MemoryLayout<gw_client_ops>.stride, 32),
        ("gw_client_call", MemoryLayout<gw_client_call>.stride, 112),
        ("gw_host_client", MemoryLayout<gw_host_client>.stride, 24),
        ("gw_json_value", MemoryLayout<gw_json_value>.stride, 48),
        ("gw_host_json", MemoryLayout<gw_host_json>.stride, 40),
        ("gw_host_regex", MemoryLayout<gw_host_regex>.stride, 40),
        ("gw_host_crypto", MemoryLayout<gw_host_crypto>.stride, 40),
        ("gw_host_service", MemoryLayout<gw_host_service>.stride, 24),
        ("gw_token", MemoryLayout<gw_token>.stride, 32),
        ("gw_directive_call", MemoryLayout<gw_directive_call>.stride, 48),
        ("gw_host_adapt", MemoryLayout<gw_host_adapt>.stride, 64),
    ]
}
