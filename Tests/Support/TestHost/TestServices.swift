// gw.crypto/1 and gw.work/1 of the checking host.
import CGateway
import Services

extension TestHost {
    /// The host's own: hashes are not worth imitating.
    nonisolated(unsafe) static let crypto = UnsafeRawPointer(CryptoInterface.makeTable())

    /// Blocking work is done at once; what follows it is posted to the loop.
    static let work = gw_host_work(
        struct_size: UInt32(MemoryLayout<gw_host_work>.size), rev: 0,
        submit: { _, run, done, argument in
            guard TestHost.state.workMax > 0 else { return GW_E_LIMIT }
            TestHost.state.workMax -= 1
            run(argument)
            TestHost.state.posted.append((fn: { done?($0) }, arg: argument))
            return GW_OK
        })

    /// How many more times blocking work is accepted.
    public static var workMax: Int {
        get { state.workMax }
        set { state.workMax = newValue }
    }

    /// What plugins find in the environment.
    public static var environment: [String: String] {
        get { state.environment }
        set { state.environment = newValue }
    }

    /// The text with placeholders of the environment filled in, as at provision.
    static func expandEnvironment(_ text: String) -> String {
        guard text.hasPrefix("{env."), text.hasSuffix("}") else { return text }
        return state.environment[String(text.dropFirst(5).dropLast())] ?? ""
    }
}
