// What the logs borrow from the rest of the host: SHA-256, RE2, placeholders.
package import Logging
import Routing
import Services

package enum LogTools {
    package static let standard = LogTextTools(
        digest: { SHA256Digest.of(Array($0.utf8)) },
        compile: { pattern in
            do throws(RE2Error) {
                let compiled = try RE2Pattern(pattern)
                return .success { text, replacement in
                    compiled.replacing(in: text, with: replacement)
                }
            } catch {
                return .failure(LogError("\(error)"))
            }
        },
        expand: { text in
            do throws(RoutingError) {
                let template = try Template(text, names: ControlPlane.names, at: "append")
                guard let constant = template.constant else {
                    return .failure(
                        LogError("\"\(text)\" needs a request, expected a text without one"))
                }
                return .success(String(decoding: constant, as: UTF8.self))
            } catch {
                return .failure(LogError("\(error)"))
            }
        })
}

extension RE2Pattern {
    /// A new text with every match replaced.
    fileprivate func replacing(in text: String, with replacement: String) -> String {
        var out: [UInt8] = []
        let (text, replacement) = (Array(text.utf8), Array(replacement.utf8))
        text.withUnsafeBufferPointer { text in
            replacement.withUnsafeBufferPointer { replacement in
                _ = replace(in: text, with: replacement) { piece in
                    out.append(contentsOf: piece)
                    return true
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
