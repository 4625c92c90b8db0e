// Which part of its project a candidate plays: by the names of its part, else by its program.

extension CandidateFacts {
    /// - Parameters:
    ///   - leftovers: The steps below the project that name its part.
    ///   - isBroad: Whether one word of several in such a name is enough.
    func role(leftovers: [Step], isBroad: Bool) -> Role {
        switch software?.kind {
        case .tool, .engine: return .tool
        case .docs: return .docs
        case .realtime: return .realtime
        case .worker: return .worker
        case .test: return .test
        default: break
        }
        if let role = roleByName(leftovers, isBroad) { return role }
        return roleByProgram
    }

    private func roleByName(_ leftovers: [Step], _ isBroad: Bool) -> Role? {
        for step in leftovers.reversed() {
            guard
                let role = isBroad
                    ? RoleWords.broadRole(of: step.name) : RoleWords.role(of: step.name)
            else { continue }
            return settle(role)
        }
        for program in invocation.programs.dropFirst().reversed() {
            let name = Name(InvocationReader.stripped(program))
            guard Software.named(program) == nil, name.joined != "server",
                let role = RoleWords.role(of: name)
            else { continue }
            return settle(role)
        }
        return nil
    }

    /// "gateway" and "router" are proxies only when the program is one.
    private func settle(_ role: Role) -> Role {
        role == .proxy && software?.kind != .proxy ? .api : role
    }

    private var roleByProgram: Role {
        switch software?.kind {
        case .proxy: .proxy
        case .frontEnd: .web
        case .rendering, .server: .rendered
        case .api: .api
        default: .app
        }
    }
}
