import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import FoundationEssentials
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Seals secrets, opens them, and sees to it that what an entry says is destroyed is so.
final class SecretKeeper: Sendable {
    private struct State: Sendable {
        var file: KeysFile?
        var key: JournalKey?
        /// Keys that an entry says are destroyed, and that could not be overwritten.
        var left: [KeyName] = []
        /// Why what an earlier process left could not be looked for.
        var uncollected: SecretError?
        /// The executions of which it is said that their secrets cannot be wiped.
        var told: Set<UInt64> = []
    }

    private let path: String?
    private let source: JournalKeySource
    let logger: Logger
    private let state = Locked(State())
    /// Whether it can open any.
    let access = SecretAccess()

    /// - Parameter path: of the file of keys; nil: the journal is in no folder.
    init(_ path: String?, _ options: EngineOptions) {
        self.path = path
        source = options.journalKey
        logger = options.logger
    }

    /// Which journal it is.
    func begin(_ journal: Identifier?) {
        guard let path, let journal else { return }
        state.withLock { $0.file = KeysFile(path, journal: journal) }
    }

    func file() throws(SecretError) -> KeysFile {
        guard let file = state.withLock({ $0.file }) else {
            throw SecretError(
                .system,
                "this engine has no folder on the disk, and secrets need one for their keys"
            )
        }
        return file
    }

    /// The journal key, read once.
    /// - Parameter anew: it is read again: what was read before was refused.
    func key(anew: Bool = false) throws(SecretError) -> JournalKey {
        if !anew, let key = state.withLock({ $0.key }) { return key }
        let key = try source.key(for: state.withLock { $0.file })
        state.withLock { $0.key = key }
        return key
    }

    /// What keeps the journal key out of the record of what has no secrets; nil: there is no key here.
    func keyAlone() -> ExecutionSecrets? {
        if let known = access.keyOnly { return known }
        do throws(SecretError) {
            return ExecutionSecrets([:], besides: try key())
        } catch {
            return nil
        }
    }

    // MARK: Sealing

    /// Seals secrets for an execution. Their data keys are on the disk when it returns.
    /// - Throws: ``SecretError``; what ``SealedPayloads`` throws.
    func seal(_ secrets: [String: Secret], for id: Name, limit: Int) throws -> GivenSecrets {
        try Self.check(secrets)
        let (file, key) = (try file(), try key())
        let ordered = secrets.sorted { Name($0.key) < Name($1.key) }
        let places = ordered.map {
            SecretPlace(journal: file.journal, execution: id, name: Name($0.key))
        }
        let reservation = try file.reserve(places, key)
        do {
            var payloads: [Payload] = []
            var keys: [SealedSecrets.Key] = []
            for (index, (name, secret)) in ordered.enumerated() {
                let made = reservation.keys[index]
                let sealed = try made.dataKey.seal(secret.bytes, for: places[index])
                payloads.append(Payload(sealed, contentType: ContentTypes.bytes))
                keys.append(.init(name: Name(name), slot: made.name.slot, id: made.name.id))
            }
            return GivenSecrets(
                sealed: SealedSecrets(keys, try SealedPayloads(payloads, limit: limit)),
                reservation: reservation,
                redactor: Redactor(ordered.map(\.value.bytes))
            )
        } catch {
            try reservation.discard()
            throw error
        }
    }

    /// - Throws: ``SecretError/Code/invalid``.
    static func check(_ secrets: [String: Secret]) throws(SecretError) {
        guard secrets.count <= SealedSecrets.limit else {
            throw SecretError(
                .invalid,
                "\(secrets.count) secrets were given, and an execution has at most \(SealedSecrets.limit)"
            )
        }
        for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            guard isName(name) else {
                throw SecretError(
                    .invalid,
                    "\"\(name)\" is no name of a secret: that has 1 to 255 letters, digits and underscores, and begins with no digit",
                    name: name
                )
            }
            let size = secret.bytes.count
            guard (SecretForms.minimum...65_536).contains(size), !secret.bytes.contains(0) else {
                throw SecretError(
                    .invalid,
                    size < SecretForms.minimum
                        ? "the secret \(name) has \(size) bytes: what is shorter than \(SecretForms.minimum) cannot be kept out of logs; give a longer one"
                        : size > 65_536
                            ? "the secret \(name) has \(size) bytes, and may have 65,536; keep it elsewhere, and make the key to it the secret"
                            : "the secret \(name) contains a zero byte, which no environment variable can hold; give it in Base64",
                    name: name
                )
            }
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard (1...255).contains(name.utf8.count), let first = name.utf8.first else { return false }
        let isDigit: (UInt8) -> Bool = { (0x30...0x39).contains($0) }
        return !isDigit(first)
            && name.utf8.allSatisfy {
                isDigit($0) || $0 == 0x5F || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0)
            }
    }

    // MARK: Opening

    /// Opens what is kept of an execution: what does not open is told when it is asked for.
    func open(_ kept: KeptSecrets.OfExecution, _ store: any JournalStore) -> ExecutionSecrets {
        var values: [Name: Result<ExecutionSecrets.Value, SecretError>] = [:]
        for secret in kept.secrets {
            do throws(SecretError) {
                let bytes = try open(secret, of: kept.id, store)
                values[secret.name] = .success(.init(key: secret.key, bytes: bytes))
            } catch {
                values[secret.name] = .failure(error)
            }
        }
        return ExecutionSecrets(values, besides: state.withLock { $0.key })
    }

    private func open(
        _ secret: KeptSecrets.Secret,
        of id: Name,
        _ store: any JournalStore
    ) throws(SecretError) -> [UInt8] {
        let (file, key) = (try file(), try key())
        let place = SecretPlace(journal: file.journal, execution: id, name: secret.name)
        let name = KeyName(slot: secret.slot, id: secret.key)
        let dataKey = try file.dataKey(name, for: place, key)
        let payloads: [StoredPayload]
        do {
            payloads = try store.read { try $0.payloads(of: secret.sequence) }
        } catch {
            throw SecretError(
                .damaged,
                "the secret \(secret.name) of \(id) cannot be read: \(error)",
                name: secret.name.text
            )
        }
        guard payloads.indices.contains(secret.payload), !payloads[secret.payload].isErased,
            let bytes = dataKey.open(payloads[secret.payload].data, for: place)
        else {
            throw SecretError(
                .damaged,
                "the secret \(secret.name) of \(id), in entry \(secret.sequence), does not open with its key; run `daybook verify`, and give it again with a retry",
                name: secret.name.text
            )
        }
        return bytes
    }

    // MARK: Destroying

    /// Wipes secrets whose time was over before this process began, but for those that cannot be.
    /// - Parameter session: this process's.
    /// - Throws: ``JournalError``.
    func expire(_ writer: GroupWriter<EngineFold>, session: UInt64) async throws {
        guard writer.inspect({ $0.state.nextSecretExpiry }) != nil else { return }
        let limit = ExpireSecrets().limit
        while try await EngineCore.perform(writer, session: session, { ExpireSecrets() }) == limit {
        }
    }

    /// Says, once each, of which executions secrets stay whose time is over: who gave them relies on it that
    /// they are wiped.
    func note(left secrets: KeptSecrets) {
        let untold = state.withLock { state in
            secrets.newlyLeft.filter { state.told.insert($0).inserted }
        }
        for number in untold {
            logger.error(
                "secrets whose time is over cannot be wiped: the record of their execution is damaged; restore the journal from a backup, or change the secrets where they are valid",
                metadata: [
                    "id": "\(secrets[number]?.id.text ?? "\(number)")",
                    "secrets": "\(secrets[number]?.secrets.map(\.name.text) ?? [])",
                    "error": "\(secrets.left[number] ?? "")",
                ]
            )
        }
    }

    /// Overwrites keys that an entry on the disk says are destroyed. What cannot be overwritten now is
    /// tried again with the next one, and when the journal is opened next.
    func destroy(_ keys: [KeyName]) {
        guard !keys.isEmpty else { return }
        do {
            try overwrite(keys)
        } catch {
            logger.error(
                "keys of wiped secrets were not overwritten; that is done when the journal is opened next",
                metadata: ["error": "\(error)"]
            )
        }
    }

    private func overwrite(_ keys: [KeyName]) throws(SecretError) {
        let (file, all) = state.withLock { state in
            state.left += keys
            return (state.file, state.left)
        }
        if all.isEmpty { return }
        try file?.destroy(all)
        state.withLock { $0.left.removeAll { all.contains($0) } }
    }

    /// Makes sure that nothing is left of what entries say is destroyed, whosever it is.
    /// - Parameters:
    ///   - id: the execution for which it is asked.
    ///   - session: this process's.
    /// - Throws: ``SecretError/Code/left``; ``JournalError``.
    func checkDestroyed(
        for id: String,
        _ writer: GroupWriter<EngineFold>,
        session: UInt64
    ) async throws {
        // What was wrong with the file then may be mended.
        if state.withLock({ $0.uncollected != nil }) { try await collect(writer, session: session) }
        do {
            try await SystemThread.run { [self] in try overwrite([]) }
            if let error = state.withLock({ $0.uncollected }) { throw error }
        } catch let error as SecretError {
            throw SecretError(
                .left,
                "keys of wiped secrets, of \(id) or of other executions, may still be there: \(error); see to that: whoever wipes secrets next, or opens the journal, overwrites them"
            )
        }
    }

    /// Overwrites what a crash has left: keys that no entry has come to name, or that an entry says are
    /// destroyed.
    /// - Parameter session: this process's.
    /// - Throws: ``JournalError``. What the file of keys is refused for is logged: work goes on.
    func collect(_ writer: GroupWriter<EngineFold>, session: UInt64) async throws {
        guard let file = state.withLock({ $0.file }) else { return }
        do {
            let count = try await overwriteStrays(in: file, writer, session: session)
            state.withLock { $0.uncollected = nil }
            guard count > 0 else { return }
            logger.notice(
                "keys of secrets that were left over are overwritten",
                metadata: ["keys": "\(count)"]
            )
        } catch let error as SecretError {
            state.withLock { $0.uncollected = error }
            logger.error(
                "keys of secrets that may be left over were not overwritten",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// - Returns: how many there were.
    private func overwriteStrays(
        in file: KeysFile,
        _ writer: GroupWriter<EngineFold>,
        session: UInt64
    ) async throws -> Int {
        let known = Self.names(writer.inspect { $0.state.secrets.every })
        guard let strays = try await SystemThread.run({ try file.strays(besides: known) })
        else { return 0 }
        // With the locks held, and all entries taken in.
        let live = Self.names(
            try await EngineCore.perform(writer, session: session) { LookUpSecretKeys() }
        )
        return try await SystemThread.run { try strays.destroy(besides: live) }
    }

    private static func names(_ secrets: [KeptSecrets.Secret]) -> Set<KeyName> {
        Set(secrets.map { KeyName(slot: $0.slot, id: $0.key) })
    }
}

/// Secrets that were sealed, and that no entry names yet.
struct GivenSecrets: Sendable {
    let sealed: SealedSecrets
    let reservation: KeyReservation
    let redactor: Redactor

    /// - Throws: ``SecretError/Code/exposed`` for a value that contains one of them.
    func check(_ data: [UInt8], _ what: String) throws(SecretError) {
        guard redactor.finds(in: data) else { return }
        throw SecretError(
            .exposed,
            "\(what) contains a secret that was given with it, and is recorded in clear; leave it out, and have the code ask for the secret by its name"
        )
    }
}
