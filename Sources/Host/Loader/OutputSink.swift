// Where the host collects what a plugin writes: the ABI's gw_out.
internal import Base
package import CGateway
private import Synchronization

/// A bounded, growing run of bytes. Its address is the opaque `gw_out *`; one call owns it.
package final class OutputSink: Sendable {
    private static let live = LiveObjects<OutputSink>()

    private let bytesMax: Int
    private let content = Mutex<[UInt8]>([])

    package init(bytesMax: Int = Limits.outputBytesMax) {
        self.bytesMax = bytesMax
        Self.live.insert(self, at: address)
    }

    deinit {
        Self.live.remove(address)
    }

    package var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }
    package var bytes: [UInt8] { content.withLock { $0 } }

    /// The sink behind a pointer that a plugin gave, nil when it is stale or was never one. [any]
    package static func find(_ pointer: OpaquePointer?) -> OutputSink? {
        live.find(UInt(bitPattern: pointer))
    }

    /// - Returns: `GW_OK`, or `GW_E_LIMIT` when it would become too large; nothing is written then.
    package func write(_ added: UnsafeRawBufferPointer) -> gw_status {
        content.withLock { content in
            guard added.count <= bytesMax - content.count else { return GW_E_LIMIT }
            content.append(contentsOf: added)
            return GW_OK
        }
    }

    private var address: UInt { UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()) }
}
