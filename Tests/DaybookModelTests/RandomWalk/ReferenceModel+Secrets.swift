import DaybookFormat

@testable import DaybookModel

/// Secrets: stored with a submission or a retry, wiped at a good end, by a person, or in time.
extension ReferenceModel {
    static let secretLifetime: UInt64 = 1_800_000_000_000

    mutating func store(_ names: [Name], of number: UInt64) {
        guard !names.isEmpty, let known = executions[number] else { return }
        wipe(known.secrets.filter { names.contains($0) }, of: number)
        write(number, [ContentTypes.bytes]) { $0.secrets += names }
    }

    mutating func wipe(_ names: [Name], of number: UInt64) {
        guard !names.isEmpty else { return }
        write(number) {
            $0.secrets.removeAll { names.contains($0) }
            if $0.secrets.isEmpty { $0.secretsEnd = 0 }
        }
    }

    mutating func wipe(_ id: Name, _ names: [Name]?) -> Outcome<[Name]> {
        guard let known = newest(id) else { return .refused(.notFound) }
        let wiped = known.secrets.filter { names?.contains($0) ?? true }
        wipe(wiped, of: known.number)
        return .granted(wiped)
    }

    /// Before it is opened again: nobody may have seen to it.
    mutating func expireSecrets(of number: UInt64) {
        guard let known = executions[number], known.secretsEnd != 0,
            known.secretsEnd + Self.secretLifetime <= now.rawValue
        else { return }
        wipe(known.secrets, of: number)
    }

    /// - Returns: of how many executions.
    mutating func expireSecrets(upTo limit: Int) -> Int {
        let expired = executions.values
            .filter { $0.secretsEnd != 0 && $0.secretsEnd + Self.secretLifetime <= now.rawValue }
            .sorted { ($0.secretsEnd, $0.number) < ($1.secretsEnd, $1.number) }
            .prefix(max(0, limit))
        for known in expired { wipe(known.secrets, of: known.number) }
        return expired.count
    }
}
