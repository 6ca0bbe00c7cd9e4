import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

/// Whether this process can open secrets at all.
///
/// A process without the journal key, with another one, or whose file of keys cannot be used, says nothing
/// about the work: what has secrets is left to others, instead of failing here and being undone. As long
/// as something is left it looks again now and then: a person mends a file, and not a process.
final class SecretAccess: Sendable {
    private struct State: Sendable {
        var refusal: SecretError?
        var isTold = false
        /// It is to look again.
        var isDue = false
        /// What stands for the secrets of what has none; nil: nothing is known that is to be kept out.
        var keyOnly: ExecutionSecrets?
    }

    private let state = Locked(State())

    /// Why it cannot; nil: it can, as far as is known.
    var refusal: SecretError? { state.withLock { $0.refusal } }

    /// So long it does not look again.
    static let interval = Duration.seconds(5)

    /// It cannot, until a look finds otherwise.
    func close(_ refusal: SecretError) { state.withLock { $0.refusal = refusal } }

    /// It can.
    /// - Returns: why it could not before; nil: it could.
    fileprivate func open() -> SecretError? {
        state.withLock { state in
            defer { (state.refusal, state.isTold) = (nil, false) }
            return state.refusal
        }
    }

    /// Whether whoever asks is to see to it that it looks again: nobody else does, and another look may
    /// find something else.
    fileprivate func takeLook() -> Bool {
        state.withLock { state in
            guard let refusal = state.refusal, refusal.code != .noKey, !state.isDue else {
                return false
            }
            state.isDue = true
            return true
        }
    }

    /// Whether something is to be said, or a look to be seen to: else nobody needs to know what is ready.
    fileprivate var hasNews: Bool {
        state.withLock { state in
            guard let refusal = state.refusal else { return false }
            return !state.isTold || refusal.code != .noKey && !state.isDue
        }
    }

    fileprivate func lookIsOver() { state.withLock { $0.isDue = false } }

    /// What stands for the secrets of what has none: it keeps the journal key out of its record.
    fileprivate(set) var keyOnly: ExecutionSecrets? {
        get { state.withLock { $0.keyOnly } }
        set { state.withLock { $0.keyOnly = newValue } }
    }

    /// Why it cannot, to whoever asks first.
    func takeNotice() -> SecretError? {
        state.withLock { state in
            defer { state.isTold = state.isTold || state.refusal != nil }
            return state.isTold ? nil : state.refusal
        }
    }
}

extension SecretKeeper {
    /// Looks whether secrets can be opened here.
    fileprivate func look() {
        do throws(SecretError) {
            // What was refused may have been read from a file that has changed since.
            let key = try key(anew: access.refusal != nil)
            access.keyOnly = ExecutionSecrets([:], besides: key)
            try file().check(key)
            guard let refusal = access.open() else { return }
            logger.notice(
                "secrets can be opened here again: executions that have some are run",
                metadata: ["before": "\(refusal)"]
            )
        } catch {
            // What is short now may not be so when a secret is opened.
            if error.cause?.isShortage != true { access.close(error) }
        }
    }
}

extension ExecutionSecrets {
    /// Why none of them can be opened here; nil: some can, or what keeps one from it is about that one.
    var refusal: SecretError? {
        values.values.lazy.compactMap { value in
            if case .failure(let error) = value, error.name == nil { error } else { nil }
        }.first
    }
}

extension EngineCore {
    /// Looks whether secrets can be opened here, before anything is claimed that has some.
    func lookForKey() {
        if case .nothing = options.claims { return }
        keeper.look()
    }

    /// Looks again, if secrets could not be opened here, before something is claimed because somebody asks.
    func lookForKeyAgain() {
        if keeper.access.refusal != nil { keeper.look() }
    }

    /// Looks again in a while. One look is two small files, and there is one alarm at a time.
    private func lookLater() {
        guard keeper.access.takeLook() else { return }
        _ = setAlarm(after: SecretAccess.interval) { [keeper, board] in
            keeper.access.lookIsOver()
            keeper.look()
            board.wakeDispatcher()
        }
    }

    /// Why an execution that this process was asked to run is not claimed here, if that is so.
    func secretRefusal(of number: UInt64) -> SecretError? {
        guard case .named = options.claims, let refusal = keeper.access.refusal,
            machines.tell({ $0.dispatcher.isAsked(number) })
        else { return nil }
        let isLeft = writer.inspect { fold in
            fold.state.secrets[number] != nil
                && fold.state.published(number)?.isClaimable(by: revision) == true
        }
        return isLeft ? refusal : nil
    }

    /// What is ready and is not claimed here, because its secrets cannot be opened; nil: nothing is.
    func leftForSecrets() -> (ids: [Name], refusal: SecretError)? {
        guard case .registered = options.claims, let refusal = keeper.access.refusal else {
            return nil
        }
        let ids = writer.inspect { $0.state.readyWithSecrets(of: types, for: revision) }
        return ids.isEmpty ? nil : (ids, refusal)
    }

    /// Says once that something is ready which is not claimed here, and sees to it that what is mended is
    /// found, also where there is always other work.
    func noteUnopened() {
        guard case .registered = options.claims, let refusal = keeper.access.refusal,
            keeper.access.hasNews,
            writer.inspect({ $0.state.hasReadySecrets(of: types, for: revision) })
        else { return }
        lookLater()
        guard keeper.access.takeNotice() != nil else { return }
        options.logger.warning(
            "executions that have secrets are left to others: their secrets cannot be opened here; mend that, and they are run here too",
            metadata: ["error": "\(refusal)"]
        )
        observe(.secretsUnopened(refusal))
    }
}
