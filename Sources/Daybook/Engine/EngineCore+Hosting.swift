import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

extension EngineCore: ActivationHost {
    var codec: any PayloadCodec { options.codec }
    var logger: Logger { options.logger }
    var interceptors: [any Interceptor] { options.interceptors }

    func recordsInputs(of workflow: Name) -> Bool {
        workflows[workflow]?.recordsInputs ?? options.recordsInputs
    }

    func contentType(_ number: UInt32) -> String? {
        let known = writer.inspect { $0.state.journal.contentType(number) }
        if let known { return known }
        // What another process has just recorded is not folded here yet.
        do {
            let all = try writer.journal.store.read { try JournalNames($0) }.contentTypes
            return all.indices.contains(Int(number) - 1) ? all[Int(number) - 1] : nil
        } catch {
            options.logger.error(
                "the content types could not be read",
                metadata: ["error": "\(error)"]
            )
            return nil
        }
    }

    func isOfThisRevision(_ sequence: UInt64) -> Bool {
        guard revision != "" else { return false }
        do {
            return try writer.journal.store.read { reader in
                guard let session = try reader.withView(of: sequence, { $0.header.session })
                else { return false }
                return try reader.withView(of: session) { entry in
                    guard entry.event == EventKind.sessionOpened.rawValue else { return false }
                    return try ProtoSessionOpened(decoding: entry).revision == revision.text
                } ?? false
            }
        } catch {
            // Only the advice depends on it.
            options.logger.error(
                "which revision recorded an entry could not be read",
                metadata: ["entry": "\(sequence)", "error": "\(error)"]
            )
            return false
        }
    }

    func now() -> Timestamp { writer.journal.now() }

    func setAlarm(
        after duration: Duration,
        _ ring: @escaping @Sendable () -> Void
    ) -> UInt64 {
        alarms.set(after: duration, ring)
    }

    func cancelAlarm(_ number: UInt64) { alarms.cancel(number) }

    var isObserved: Bool { !options.observers.isEmpty }

    func observe(_ event: EngineEvent) { for observer in options.observers { observer(event) } }

    func perform<C: Command>(_ command: () throws -> C) async throws -> C.Answer {
        try await Self.perform(writer, session: sessionNumber, command)
    }

    func perform<C: SuspendingCommand>(
        _ command: () throws -> C,
        _ order: (C, @escaping (C) -> Void) -> Void
    ) async throws -> Suspension {
        let session = sessionNumber
        return try await writer.perform(command) { command, enqueue in
            order(command) { command in
                enqueue { fold, batch in try fold.decide(command, session: session, batch) }
            }
        }
    }

    func workspace(
        of lease: Lease,
        _ redactor: Redactor?,
        mayBeEmpty: Bool
    ) async throws -> WorkspaceKeeper {
        guard let workspaces else {
            throw OperationError.noFolder("the execution \(lease.id)")
        }
        let request = Workspaces.Request(
            lease: lease,
            owner: Workspaces.owner(lease.id, try committed(lease.execution).submittedAt),
            recorded: { [self] in try committed(lease.execution).workspace },
            redactor: redactor,
            mayBeEmpty: mayBeEmpty
        )
        return try await workspaces.open(request)
    }

    /// An open execution by what is on the disk, folded from its history where a batch under way concerns it.
    private func committed(_ number: UInt64) throws -> ExecutionState {
        if let state = writer.inspect({ $0.state.committed(number) }) { return state }
        return try writer.journal.store.read { try $0.history(of: number) }
    }

    func exchangeFolder() throws -> String {
        guard let session = premises?.session else { throw OperationError.noFolder("a body") }
        return try session.exchangeFolder()
    }

    func storedEntries(of number: UInt64) -> [Name: UInt64]? {
        writer.inspect { $0.state.committed(number)?.storedEntries }
    }

    func status(of number: UInt64) -> ExecutionStatus? { published(number)?.status }

    func hasToCompensate(_ number: UInt64) -> Bool {
        writer.inspect { $0.state.hasToCompensate(number) }
    }

    func note(_ group: ProcessGroup) throws { try premises?.session.note(group) }

    func becameIdle(_ activation: Activation, _ isIdle: Bool) {
        carryOut(note(activation))
        settle()
    }
}

extension OperationError {
    /// Somebody needs a folder, and there is none.
    static func noFolder(_ asker: String) -> OperationError {
        OperationError(
            code: "no-workspace",
            message:
                "\(asker) asked for a folder, and this engine has none on the disk; keep what it needs in checkpoints",
            isRetryable: false
        )
    }
}
