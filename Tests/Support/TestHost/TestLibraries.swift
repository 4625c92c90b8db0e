// gw.regex/1 and gw.json/1 of the checking host.
import CGateway
import Foundation

extension TestHost {
    static let regex = gw_host_regex(
        struct_size: UInt32(MemoryLayout<gw_host_regex>.size), rev: 0,
        compile: { _, pattern, out in
            guard (try? NSRegularExpression(pattern: String(pattern))) != nil else {
                TestHost.state.problems.append(TestProblem(message: "bad pattern"))
                return GW_E_CONFIG
            }
            TestHost.state.patterns.append(String(pattern))
            out.pointee = UInt32(TestHost.state.patterns.count - 1)
            return GW_OK
        },
        match: { _, _, _, _ in 0 },
        replace: { _, _, _, _ in 0 },
        replace_in: { regex, _, text, replacement, out in
            let pattern = TestHost.state.patterns[Int(regex)]
            guard let regex = try? NSRegularExpression(pattern: pattern) else { return 0 }
            let text = NSMutableString(string: String(text))
            let count = regex.replaceMatches(
                in: text, range: NSRange(location: 0, length: text.length),
                withTemplate: String(replacement))
            out.pointee = lasting(text as String)
            return Int32(count)
        })

    static let json = gw_host_json(
        struct_size: UInt32(MemoryLayout<gw_host_json>.size), rev: 0,
        open: { text, out in
            let data = Data(String(text).utf8)
            guard let value = try? JSONSerialization.jsonObject(with: data) else {
                return GW_E_INVALID
            }
            TestHost.state.documents[TestHost.state.nextDocument] = value
            out.pointee = TestHost.state.nextDocument
            TestHost.state.nextDocument += 1
            return GW_OK
        },
        get: { document, pointer, out in
            guard let root = TestHost.state.documents[document],
                let value = TestHost.value(root, String(pointer))
            else { return GW_E_NOT_FOUND }
            TestHost.fill(&out.pointee, value)
            return GW_OK
        },
        name: { _, _, _, _ in GW_E_NOT_FOUND },
        close: { TestHost.state.documents[$0] = nil })

    private static func value(_ root: Any, _ pointer: String) -> Any? {
        pointer.split(separator: "/").reduce(root as Any?) { value, name in
            if let array = value as? [Any], let index = Int(name) {
                return array.indices.contains(index) ? array[index] : nil
            }
            return (value as? [String: Any])?[String(name)]
        }
    }

    private static func fill(_ out: inout gw_json_value, _ value: Any) {
        switch value {
        case let text as String:
            out.type = UInt32(GW_JSON_STRING)
            out.text = lasting(text)
        case let array as [Any]:
            out.type = UInt32(GW_JSON_ARRAY)
            out.count = UInt32(array.count)
        case let object as [String: Any]:
            out.type = UInt32(GW_JSON_OBJECT)
            out.count = UInt32(object.count)
        case let number as NSNumber:
            let isBool = String(cString: number.objCType) == "c"
            out.type = UInt32(isBool ? GW_JSON_BOOL : GW_JSON_NUMBER)
            out.integer = number.int64Value
            out.number = number.doubleValue
        default:
            out.type = UInt32(GW_JSON_NULL)
        }
    }
}
