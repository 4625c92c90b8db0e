// What part of a project a program is, and which words say so.

/// The part that a program plays in its project.
enum Role: String, CaseIterable {
    /// In front of the others.
    case proxy
    /// What a person opens: a front end.
    case web
    /// A server that renders pages itself.
    case rendered
    /// Some HTTP server.
    case app
    case api
    case realtime
    case admin
    case docs
    /// A program to look into something: mail, tables, queues, traces.
    case tool
    /// Serves only the scripts and styles of pages that another one renders.
    case assets
    case worker
    case test

    /// For sentences.
    var description: String {
        switch self {
        case .proxy: "the proxy in front"
        case .web: "the web front end"
        case .rendered: "the server that renders the pages"
        case .app: "an application server"
        case .api: "an API"
        case .realtime: "a WebSocket server"
        case .admin: "an administration page"
        case .docs: "documentation"
        case .tool: "a tool"
        case .assets: "a server of assets"
        case .worker: "a worker"
        case .test: "a test run"
        }
    }
}

enum RoleWords {
    static let roles: [String: Role] = {
        let words: [(Role, String)] = [
            (.web, "web frontend front fe client ui www site website webapp webui spa storefront"),
            (.web, "landing homepage webclient webfrontend webapplication clientapp"),
            (.api, "api backend back be server srv rest graphql gql bff apiserver rpc"),
            (.api, "webapi restapi backendapi apigateway"),
            (.realtime, "ws websocket websockets socket sockets realtime cable reverb soketi"),
            (.admin, "admin administration backoffice adm adminpanel adminui superadmin"),
            (.worker, "worker workers queue queues job jobs cron crons scheduler sched consumer"),
            (.worker, "consumers celery sidekiq horizon beat daemon background processor"),
            (.docs, "docs doc documentation storybook styleguide design handbook wiki manual"),
            (.docs, "designsystem"),
            (.test, "e2e test tests cypress playwright mock mocks mockserver fixtures vitest jest"),
            (.assets, "assets static cdn hmr"),
            (.proxy, "proxy reverseproxy gateway gw traefik lb loadbalancer ingress router edge"),
        ]
        var roles: [String: Role] = [:]
        for (role, text) in words {
            for word in text.split(separator: " ") { roles[String(word)] = role }
        }
        return roles
    }()

    static func role(of name: Name) -> Role? {
        roles[name.joined] ?? roles[name.stem]
    }

    /// The same by one word of several: "customer-web", "admin-ui".
    static func broadRole(of name: Name) -> Role? {
        if let role = role(of: name) { return role }
        if name.words.last == "test" { return nil }
        guard name.words.count > 1, let first = roles[name.words[0]] ?? nil else {
            return name.words.count > 1 ? roles[name.words[name.words.count - 1]] : nil
        }
        return first == .admin || first == .docs
            ? first : roles[name.words[name.words.count - 1]] ?? first
    }

    /// Roles that belong to the name of a project when they are behind it: "shop-web" is its web
    /// front end.
    static let parts: Set<Role> = [.web, .api, .admin, .worker, .docs, .realtime, .proxy]
}
