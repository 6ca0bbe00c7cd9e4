import DaybookFormat

@testable import DaybookModel

/// Secrets that come with submissions and retries, and are wiped.
extension RandomWalk {
    /// Mostly none.
    mutating func drawSecrets() -> [Name] {
        guard generator.chance(3) else { return [] }
        return ["A", "B", "C"].filter { _ in generator.chance(2) }
    }

    mutating func retry(
        _ intervention: Intervention,
        _ session: UInt64
    ) throws -> (Outcome<InterventionAnswer>, Outcome<InterventionAnswer>) {
        let names = drawSecrets()
        let secrets = names.isEmpty ? nil : try harness.secrets(names)
        let found = try run(Retry(intervention, secrets: secrets), session) { $0 }
        return (found, reference.retry(intervention.id, secrets: names))
    }

    /// Mostly of an execution that has some, open or closed.
    mutating func wipe() throws {
        let wanted = reference.all.filter { !$0.secrets.isEmpty }.map(\.id)
        let isUseful = !wanted.isEmpty && !generator.chance(6)
        let id = try draw(isUseful ? wanted : reference.numbers.keys.sorted())
        let names: [Name]? = generator.chance(2) ? nil : [try draw(["A", "B", "X"])]
        let command = WipeSecrets(Intervention(id: id, by: try drawRequest()), names: names)
        let found = try run(command, draw(reference.sessions)) { $0 }
        try compare("wiping secrets of \(id)", found, reference.wipe(id, names))
    }
}
