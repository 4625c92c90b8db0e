// The dashboard's files, and the pages that stand in for a service that is not there.
import LLMResolverPages
import PluginSDK

struct Pages: Sendable {
    private let names: FieldNames
    private let message: String
    private let messagePolicy: String

    /// Nothing from elsewhere, nothing inline: what a page shows cannot become a script.
    private static let dashboardPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    init(names: FieldNames) throws(PluginError) {
        self.names = names
        let style = Self.text(gw_resolver_message_css())
        message = Self.text(gw_resolver_message_html()).replacing("{style}", with: style)
        do throws(Status) {
            let digest = try style.withBytes { (style) throws(Status) in
                try Crypto.sha256(style)
            }
            let hash = Base64.encoded(digest.span.bytes.withUnsafeBytes { Array($0) })
            messagePolicy =
                "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; "
                + "form-action 'none'; frame-ancestors 'none'"
        } catch {
            throw PluginError("this host has no SHA-256")
        }
    }

    var dashboard: Reply {
        page(200, Self.text(gw_resolver_dashboard_html()), Self.dashboardPolicy)
            .adding(.vary, "Accept")
    }

    func asset(_ name: String) -> Reply? {
        switch name {
        case "dashboard.css":
            Reply(
                status: 200, contentType: "text/css; charset=utf-8",
                body: Self.text(gw_resolver_dashboard_css()))
        case "dashboard.js":
            Reply(
                status: 200, contentType: "text/javascript; charset=utf-8",
                body: Self.text(gw_resolver_dashboard_js()))
        default: nil
        }
    }

    /// A page for people.
    ///
    /// - Parameters:
    ///   - refreshSeconds: The page loads itself anew after them; nil: it stays.
    ///   - details: Items of a list.
    func message(
        _ status: UInt16, host: String, title: String, text: String, details: [String] = [],
        foot: String, refreshSeconds: Int? = nil
    ) -> Reply {
        let refresh = refreshSeconds.map { "<meta http-equiv=\"refresh\" content=\"\($0)\">\n" }
        let list =
            details.isEmpty
            ? "" : "<ul>" + details.map { "<li>\(HTML.escaped($0))</li>" }.joined() + "</ul>"
        let bar = refreshSeconds == nil ? "" : "<div class=\"bar\"><i></i></div>"
        let body = message.replacing("{refresh}", with: refresh ?? "")
            .replacing("{details}", with: bar + list)
            .replacing("{foot}", with: HTML.escaped(foot))
            .replacing("{text}", with: HTML.escaped(text))
            .replacing("{title}", with: HTML.escaped(title))
            .replacing("{host}", with: HTML.escaped(host))
        return page(status, body, messagePolicy)
    }

    private func page(_ status: UInt16, _ body: String, _ policy: String) -> Reply {
        Reply(status: status, contentType: "text/html; charset=utf-8", body: body)
            .adding(names.contentSecurityPolicy, policy)
            .adding(names.frameOptions, "DENY")
            .adding(names.referrerPolicy, "no-referrer")
    }

    private static func text(_ asset: gw_resolver_asset) -> String {
        String(decoding: UnsafeBufferPointer(start: asset.bytes, count: asset.count), as: UTF8.self)
    }
}

enum HTML {
    /// The text as what it is, between tags and inside quoted attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension String {
    /// The text with every occurrence of a mark replaced. What is put in is not searched again.
    func replacing(_ mark: String, with replacement: String) -> String {
        var result: [UInt8] = []
        let (text, mark) = (Array(utf8), Array(mark.utf8))
        var index = 0
        while index < text.count {
            if text[index...].starts(with: mark) {
                result += Array(replacement.utf8)
                index += mark.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
