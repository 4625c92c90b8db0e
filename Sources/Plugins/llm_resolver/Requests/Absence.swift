// The answer when no service can be shown: a page for people, JSON for programs. Codes are stable;
// what went on inside is in the log and on the dashboard only.
import PluginSDK

struct Absence {
    private static let refreshSeconds = 2

    private let status: UInt16
    private let code: String
    private let title: String
    private let text: String
    private var details: [String] = []
    private let retryAfter: Int?
    private let question: Question
    private let pages: Pages

    init(_ outcome: Resolution, _ question: Question, _ pages: Pages, _ names: FieldNames) {
        self.question = question
        self.pages = pages
        switch outcome {
        case .found, .unknown:
            (status, code) = (404, "no_match")
            title = "Nothing here answers to this name"
            text = "No program or container on this machine is clearly the one that is meant."
            details = [
                "Start it in a folder of that name, or as a compose service of that name.",
                "If it runs already, choose it on the dashboard.",
            ]
            retryAfter = nil
        case .starting:
            (status, code) = (503, "starting")
            title = "Waiting for the service"
            text = "It is known and does not listen at the moment. This page opens it when it does."
            retryAfter = Self.refreshSeconds
        case .busy:
            (status, code) = (503, "busy")
            title = "Too many names at once"
            text = "Many unknown names are asked for. Try again in a moment."
            retryAfter = 1
        case .failed:
            (status, code) = (502, "resolver_failed")
            title = "The name could not be resolved"
            text = "Names alone did not decide, and the model gave no answer."
            details = ["The log and the dashboard say why."]
            retryAfter = 10
        }
    }

    func reply(_ request: borrowing Request) -> Reply {
        let wantsPage = request.fields[.accept]?.contains("text/html") == true
        var reply = wantsPage ? page : .error(status, code, text)
        reply = reply.adding(.vary, "Accept")
        if let retryAfter { reply = reply.adding(.retryAfter, String(retryAfter)) }
        return reply
    }

    private var page: Reply {
        pages.message(
            status, host: question.service.map { "\(question.host) · \($0)" } ?? question.host,
            title: title, text: text, details: details,
            foot: "Gatewright, \(code). The dashboard is at proxy.localhost.",
            refreshSeconds: code == "starting" || code == "busy" ? Self.refreshSeconds : nil)
    }
}
