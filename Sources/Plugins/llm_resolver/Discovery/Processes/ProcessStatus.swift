// Texts of /proc/PID that are parsed: bytes in, values out.

enum ProcessStatus {
    /// Parent and start time from /proc/PID/stat: "PID (name) state ppid …", the start time is the
    /// 22nd value. A name may hold spaces and parentheses, so the last one counts.
    static func parentAndStart(_ stat: [UInt8]) -> (command: String, parent: Int32, start: UInt64)?
    {
        guard let open = stat.firstIndex(of: UInt8(ascii: "(")),
            let close = stat.lastIndex(of: UInt8(ascii: ")")), open < close
        else { return nil }
        let values = stat[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard values.count >= 20, let parent = Int32(String(decoding: values[1], as: UTF8.self)),
            let start = UInt64(String(decoding: values[19], as: UTF8.self))
        else { return nil }
        let command = String(decoding: stat[(open + 1)..<close], as: UTF8.self)
        return (CommandLine.cleaned(command), parent, start)
    }

    /// The container in /proc/PID/cgroup: the last name of 64 hexadecimal digits in a path, as
    /// Docker, Podman and containerd all write it.
    static func containerID(_ cgroup: [UInt8]) -> String? {
        var found: String?
        var run: [UInt8] = []
        for byte in cgroup + [UInt8(ascii: "\n")] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                run.append(byte)
            default:
                if run.count == 64 { found = String(decoding: run, as: UTF8.self) }
                run = []
            }
        }
        return found
    }

    /// The number in a link "socket:[4711]".
    static func socketInode(_ link: UnsafeRawBufferPointer) -> UInt64? {
        let prefix: StaticString = "socket:["
        guard link.count > prefix.utf8CodeUnitCount,
            link.starts(
                with: UnsafeRawBufferPointer(
                    start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
        else { return nil }
        var value: UInt64 = 0
        for byte in link[prefix.utf8CodeUnitCount...] {
            if byte == UInt8(ascii: "]") { return value }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"),
                value < UInt64.max / 16
            else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return nil
    }
}
