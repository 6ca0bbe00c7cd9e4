import DaybookModel
import DaybookSystem
import Logging

extension EngineCore {
    /// Watches the processes of other sessions, and takes over from those that have ended.
    func attendSessions(areNew: Bool, ended: [UInt64]) {
        guard processes != nil, areNew || !ended.isEmpty else { return }
        let open = areNew ? openSessions : []
        carryOut(
            machines.tell { machines in
                var actions = areNew ? machines.sessions.note(open: open) : []
                for number in ended { actions += machines.sessions.hasEnded(number) }
                return actions
            }
        )
    }

    private func carryOut(_ actions: [SessionWatch.Action]) {
        for action in actions {
            switch action {
            case .watch(let session): watch(session)
            case .takeOver(let session): tasks.start { [self] _ in await takeOver(session) }
            case .lookAgain(let number, let delay):
                _ = setAlarm(after: delay) { [board] in board.announce(endOfSession: number) }
            }
        }
    }

    private func watch(_ session: State.Session) {
        do {
            // Of what cannot be watched its lock tells whether it lives.
            if let processes, try processes.add(session) { return }
        } catch {
            options.logger.error(
                "the process of a session cannot be watched",
                metadata: ["session": "\(session.number)", "error": "\(error)"]
            )
        }
        carryOut(machines.tell { $0.sessions.hasEnded(session.number) })
    }

    private func takeOver(_ session: State.Session) async {
        guard let premises else { return }
        var attempt = SessionWatch.Attempt.failed
        do {
            let isDone = try await Takeover(
                writer: writer,
                folder: premises.folder,
                session: sessionNumber,
                options: options
            ).takeOver(session)
            attempt = isDone ? .done : .held
            if isDone { try await keeper.collect(writer, session: sessionNumber) }
        } catch {
            options.logger.error(
                "taking over from a session failed",
                metadata: ["session": "\(session.number)", "error": "\(error)"]
            )
        }
        carryOut(machines.tell { $0.sessions.tried(session.number, attempt) })
    }
}
