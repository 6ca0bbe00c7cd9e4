import DaybookJournal

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension JournalKeySource {
    /// The key.
    /// - Parameter file: the journal's file of keys, by which is told what to do where there is no key; nil:
    ///   it is in no folder.
    /// - Throws: ``SecretError/Code/noKey``, ``SecretError/Code/badKey``.
    func key(for file: KeysFile?) throws(SecretError) -> JournalKey {
        let advice = Self.advice(file)
        guard let key = try read(advice) else {
            throw SecretError(
                .noKey,
                "secrets need a journal key, and none was given: \(advice.text)"
            )
        }
        return key
    }

    /// Why secrets cannot be opened with this key, for a process that only looks.
    /// - Returns: nil: nothing is known that keeps one from it.
    package func fault(for file: KeysFile) -> SecretError? {
        do throws(SecretError) {
            try file.check(try key(for: file))
            return nil
        } catch {
            return error
        }
    }

    /// Makes sure of what it takes to keep secrets under this key, and keeps none.
    /// - Throws: what would be thrown were they kept.
    package func rehearse(
        _ secrets: [String: Secret],
        in file: KeysFile
    ) throws(SecretError) {
        try SecretKeeper.check(secrets)
        try file.check(try key(for: file))
    }

    private static func advice(_ file: KeysFile?) -> KeyAdvice {
        guard let file else { return .first }
        do throws(SecretError) {
            return try file.isInUse() ? .existing : .first
        } catch {
            // Something is there.
            return .existing
        }
    }

    /// - Returns: nil: there is none.
    private func read(_ advice: KeyAdvice) throws(SecretError) -> JournalKey? {
        switch self {
        case .none: return nil
        case .file(let path): return try JournalKey(file: path, advice: advice)
        case .bytes(let bytes):
            guard let key = JournalKey(bytes) else {
                throw SecretError(
                    .badKey,
                    "a journal key has 32 bytes, and \(bytes.count) were given"
                )
            }
            return key
        case .environment:
            if let path = getenv("DAYBOOK_KEY_FILE") {
                return try JournalKey(file: String(cString: path), advice: advice)
            }
            guard let text = EnvironmentKey.text else { return nil }
            return try JournalKey(
                text: text,
                from: "the environment variable DAYBOOK_KEY",
                advice: advice
            )
        }
    }
}
