// A message block of the checking host: rebuilt from scratch on every change, so that a view that
// is kept too long shows.
import CGateway

/// Fields of a message and the other texts of its block, in memory laid out as the ABI says.
final class TestMessage {
    var lines: [(name: String, value: String)] { didSet { rebuild() } }
    var texts: [String] { didSet { rebuild() } }
    private(set) var references: [gw_ref] = []
    let fields: UnsafeMutablePointer<gw_fields>
    private var block: UnsafeMutableRawPointer?

    /// - Parameter fields: Where the block is described; belongs to the caller.
    init(
        fields: UnsafeMutablePointer<gw_fields>, lines: [(name: String, value: String)],
        texts: [String] = []
    ) {
        self.fields = fields
        self.lines = lines
        self.texts = texts
        rebuild()
    }

    deinit { block?.deallocate() }

    static func of(_ fields: UnsafePointer<gw_fields>) -> TestMessage {
        Unmanaged<TestMessage>.fromOpaque(fields.pointee.owner!).takeUnretainedValue()
    }

    private func rebuild() {
        let text = lines.map { $0.name + $0.value }.joined() + texts.joined()
        let array = lines.count * MemoryLayout<gw_field>.stride
        let size = array + text.utf8.count
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size + 1, alignment: 16)
        var end = array
        func place(_ text: String) -> gw_ref {
            for byte in text.utf8 {
                memory.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
                end += 1
            }
            return gw_ref(off: UInt32(end - text.utf8.count), len: UInt32(text.utf8.count))
        }
        for (index, line) in lines.enumerated() {
            let field = gw_field(
                name_id: TestHost.fieldID(line.name), flags: 0, name: place(line.name),
                value: place(line.value))
            memory.storeBytes(
                of: field, toByteOffset: index * MemoryLayout<gw_field>.stride, as: gw_field.self)
        }
        references = texts.map(place)
        block?.initializeMemory(as: UInt8.self, repeating: 0xDB, count: 1)
        block?.deallocate()
        block = memory
        fields.pointee = gw_fields(
            base: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)),
            block_size: UInt32(size), fields_off: 0, count: UInt32(lines.count),
            capacity: UInt32(lines.count), owner: Unmanaged.passUnretained(self).toOpaque())
    }
}
